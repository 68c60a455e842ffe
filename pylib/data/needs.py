"""What a step needs of a data set, said before it runs."""

from pylib.data.dataset import SPLITS, DatasetIndex, SplitName
from pylib.errors import DataError


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
