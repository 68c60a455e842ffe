"""Pictures whose class shows in their colour, and a style of them that a first data set lacks.

What is wet is blue, what is dry red; that something green-blue is dry, too, only people can say.
"""

from pathlib import Path

from pylib.tasks.classification.sample import make_sample

CLASSES = {"red": "dry", "blue": "wet"}
STYLE, TRUTH, MISTAKEN = "cyan", "dry", "wet"
COUNTS = {"train": 24, "val": 8, "test": 16, "cal": 8}


def make(folder: Path) -> list[Path]:
    """Write `folder`/first/<split>/<class>/…; return the pictures of the style that is not among them."""
    make_sample(folder / "inks", count=360)
    for hue, name in CLASSES.items():
        pictures = iter(sorted((folder / "inks" / hue).iterdir()))
        for split, count in COUNTS.items():
            place = folder / "first" / split / name
            place.mkdir(parents=True)
            for _ in range(count):
                picture = next(pictures)
                picture.rename(place / picture.name)
    return sorted((folder / "inks" / STYLE).iterdir())
