"""What a step needs of a data set, said before it runs."""

from collections import Counter

from pylib.data.dataset import SPLITS, DatasetIndex, LabelTarget, SplitName
from pylib.errors import DataError

_FEW = 5
_SHOWN = 6


def need(index: DatasetIndex, *splits: SplitName) -> None:
    """Raise DataError where one of these splits has no image; it names what the others have."""
    counts = {name: len(index.split(name)) for name in SPLITS}
    missing = [name for name in splits if not counts[name]]
    if missing:
        have = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise DataError(
            f"data set {index.name}: it has no image in the split {' and '.join(missing)} ({have}); add "
            "images: an image's split follows from its name, and seven of ten are for training"
        )


def scarce(index: DatasetIndex, *splits: SplitName) -> str:
    """Name the classes with hardly an image in one of these splits, of a data set of labels; else empty."""
    counts = Counter(
        (item.split, item.target.label) for item in index.items if isinstance(item.target, LabelTarget)
    )
    few = [
        f"{index.classes[label]} has {counts[split, label] or 'none'} in {split}"
        for split in splits
        for label in sorted(index.classes)
        if counts[split, label] < _FEW
    ]
    if not counts or not few:
        return ""
    more = f", and {len(few) - _SHOWN} more" if len(few) > _SHOWN else ""
    return (
        f"classes with fewer than {_FEW} images in a split: {', '.join(few[:_SHOWN])}{more}; "
        "add images, or what is learned and measured there is luck"
    )
