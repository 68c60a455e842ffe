"""The blocks of a backbone, by the names that keras.applications gives its layers: for fine-tuning."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from pylib.errors import ModelError

if TYPE_CHECKING:
    import keras

_BLOCK = re.compile(
    r"(?:.*_)?(stage_\d+_block_\d+|conv\d_block\d+|expanded_conv(?:_\d+)?|mixed\d+(?:_\d+)?|block_?\d+[a-z]?)(?=_|$)"
)
_ENDS = "mixed"
"""InceptionV3 names where a block ends, the others each layer in it."""

# Apart from the table, which is a part of what features are kept by.
COUNTS: Mapping[str, int] = MappingProxyType(
    {
        "mobilenet_v2": 17,
        "mobilenet_v3_small": 11,
        "mobilenet_v3_large": 15,
        "efficientnet_b0": 16,
        "efficientnet_b3": 26,
        "efficientnet_b5": 39,
        "efficientnet_v2_b0": 21,
        "efficientnet_v2_b1": 27,
        "efficientnet_v2_b3": 32,
        "inception_v3": 13,
        "xception": 14,
        "vgg16": 5,
        "vgg19": 5,
        "resnet50": 16,
        "convnext_tiny": 20,
    }
)
"""How many blocks each backbone has, so that it is known before it is built; a test holds them to Keras."""


def blocks(names: list[str]) -> list[list[str]]:
    """Layers' names block by block, in the order of the network; what comes before the first is in none.

    What follows the last block, such as its last convolution, belongs to it.
    """
    found: list[list[str]] = []
    last, pending = "", list[str]()
    for name in names:
        match = _BLOCK.match(name)
        if match and match[1].startswith(_ENDS):
            found.append([*pending, name])
            pending = []
        elif match and match[1] != last:
            found.append([name])
            last = match[1]
        elif found and last:
            found[-1].append(name)
        else:
            pending.append(name)
    if found and not last:
        found[-1] += pending
    return found


def check_count(backbone: str, count: int) -> None:
    """Raise ModelError where a backbone, by its name, has fewer blocks."""
    if count > COUNTS[backbone]:
        raise ModelError(f"fine_tune={count}: {backbone} has {COUNTS[backbone]} blocks; give that or fewer")


def freeze_but_last(network: "keras.Model", count: int) -> None:
    """Let the last `count` blocks of a backbone learn, and nothing before; ModelError where it has fewer.

    Normalisation that was fixed stays so.
    """
    check_count(network.name, count)
    found = blocks([layer.name for layer in network.layers])
    learning = {name for block in found[-count:] for name in block}
    for layer in network.layers:
        if layer.name not in learning:
            layer.trainable = False
