"""The features of an answered request that are watched for drift: of its image, and of its answer."""

from collections.abc import Mapping
from typing import Any

from pylib.data.image_statistics import ImageStatistics

Value = float | str


def of_image(seen: ImageStatistics, size: tuple[int, int] | None) -> dict[str, Value]:
    """brightness, contrast (0..255), projection.0 …, and size: the side of a square of as many pixels.

    size: width and height; None where they are not known
    """
    return {
        "brightness": seen.brightness,
        "contrast": seen.contrast,
        **({"size": round((size[0] * size[1]) ** 0.5, 1)} if size else {}),
        **{f"projection.{place}": value for place, value in enumerate(seen.projection)},
    }


def of_record(logged: Mapping[str, Any]) -> dict[str, Value]:
    """The same of what a log keeps of an image (pylib.serving.predictions.Input)."""
    seen = ImageStatistics(logged["brightness"], logged["contrast"], tuple(logged["projection"]))
    return of_image(seen, (logged["width"], logged["height"]))
