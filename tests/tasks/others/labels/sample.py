from pathlib import Path

from tests.data.made import encode, noise

NAME = "halves"


def make_sample(folder: Path) -> None:
    for number in range(40):
        path = folder / "images" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(number), "PNG"))
