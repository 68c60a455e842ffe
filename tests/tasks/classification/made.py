"""Small sources of classification: noise in folders, and tables beside it."""

from pathlib import Path

from tests.data.made import encode, noise

CLASSES = ("cat", "dog", "eel")


def put(path: Path, seed: int) -> Path:
    """A picture like no other one, in whatever folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(noise(seed), "PNG" if path.suffix == ".png" else "JPEG"))
    return path


def names(count: int = 12) -> list[tuple[str, str, int]]:
    """Class, name and seed of `count` images of each class."""
    return [
        (label, f"{label}_{number:02}", 100 * place + number)
        for place, label in enumerate(CLASSES)
        for number in range(count)
    ]


def split_of(name: str) -> str:
    """Which split a source gives an image by its number: every fourth to val, the one after to test."""
    return {0: "val", 1: "test"}.get(int(name[-2:]) % 4, "train")
