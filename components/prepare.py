"""Data commit to shards: check out, decode once, resize, one folder of arrays a split."""

from kfp.dsl import Dataset, Output

from components import component


@component
def prepare(data: str, image_size: int, shards: Output[Dataset]) -> None:
    """Make the shards of a data commit.

    Args:
        data: repository@commit in the versioned store.
        image_size: side of the square to resize to, in pixels, 32 to 1024; 0: the task's own choice.
        shards: uint8 arrays by split, and which image is where.
    """
    from pathlib import Path

    from pylib.steps.prepare import prepare

    prepare(Path(shards.path), data=data, image_size=image_size)
