"""The blocks of a backbone, by the names that keras.applications gives its layers: for fine-tuning."""

import re
from typing import TYPE_CHECKING

from pylib.errors import ModelError

if TYPE_CHECKING:
    import keras

_BLOCK = re.compile(
    r"(?:.*_)?(stage_\d+_block_\d+|conv\d_block\d+|expanded_conv(?:_\d+)?|mixed\d+(?:_\d+)?|block_?\d+[a-z]?)(?=_|$)"
)
_ENDS = "mixed"
"""InceptionV3 names where a block ends, the others each layer in it."""


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


def freeze_but_last(network: "keras.Model", count: int) -> None:
    """Let the last `count` blocks of a backbone learn, and nothing before; ModelError where it has fewer.

    Normalisation that was fixed stays so.
    """
    found = blocks([layer.name for layer in network.layers])
    if count > len(found):
        raise ModelError(
            f"fine_tune={count}: {network.name} has {len(found)} blocks; give a number up to that"
        )
    learning = {name for block in found[-count:] for name in block}
    for layer in network.layers:
        if layer.name not in learning:
            layer.trainable = False
