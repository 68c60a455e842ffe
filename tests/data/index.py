"""The index of a data set of a few images, as it stands in a commit, without the images."""

from pylib.data.dataset import SPLITS, DatasetIndex, Item, MaskTarget

CLASSES = {1: "object", 2: "background", 3: "border"}


def data_set(task: str = "segmentation", classes: dict[int, str] = CLASSES, **counts: int) -> DatasetIndex:
    """As many items in each split as is said of it."""
    items = [
        Item(
            id=f"{split}{number:03}",
            image=f"images/{split}{number:03}.png",
            image_sha256="0" * 64,
            target=MaskTarget(file=f"masks/{split}{number:03}.png", sha256="0" * 64),
            width=64,
            height=64,
            phash="0" * 16,
            group=None,
            split=split,
        )
        for split in SPLITS
        for number in range(counts.get(split, 0))
    ]
    return DatasetIndex(
        task=task, name="sample", classes=classes, items=sorted(items, key=lambda item: item.id)
    )


WHOLE = {"train": 7, "validation": 1, "test": 1, "calibration": 1}
"""What a run can work on."""
