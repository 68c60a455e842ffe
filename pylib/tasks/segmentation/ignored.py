"""The pixels that count for nothing: nobody said what is there, so they are neither learned nor judged.

numpy alone, and no framework's own functions: TensorFlow's tensors go the same way.
"""

from typing import Any

IGNORED = 255
"""Their class index in shards; of 256 classes, which leave no id to be ignored, it is that of the last."""


def counted(targets: Any, classes: int) -> Any:
    """Tell which pixels count: bool of the shape of `targets`, class indices of that many classes."""
    return (targets != IGNORED) | (classes > IGNORED)
