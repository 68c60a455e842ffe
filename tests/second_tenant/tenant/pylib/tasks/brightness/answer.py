"""What the served model says of an image: one number."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.errors import DataError

OUTPUTS = ("brightness",)


def answer(
    outputs: Mapping[str, NDArray[Any]],
    image: NDArray[np.uint8],
    classes: Sequence[str],
    confidence_threshold: float = 0.0,
) -> dict[str, Any]:
    """The number, of float32 [1]."""
    return {"brightness": float(outputs["brightness"][0])}


def numbers(answer: Mapping[str, Any]) -> None:
    """Not as a row."""


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """All of it."""
    return dict(answer)


def counters(answer: Mapping[str, Any]) -> list[tuple[str, dict[str, str], float]]:
    """The sum of all."""
    return [("model_brightness", {}, answer["brightness"])]


def truth(given: object, classes: Sequence[str]) -> dict[str, Any]:
    """The number."""
    if not isinstance(given, float):
        raise DataError("the truth is no number")
    return {"brightness": given}


def read(answer: Mapping[str, Any]) -> float:
    """The number."""
    return float(answer["brightness"])


def figures(answer: float) -> dict[str, Any]:
    """The number by its name."""
    return {"brightness": answer}


def lines(answer: float) -> list[tuple[str, str]]:
    """The same for a person."""
    return [("brightness", f"{answer:.3f}")]


def classes(answer: float) -> list[str]:
    """A number has none."""
    return []


def mask(answer: float) -> None:
    """The number is of the image as a whole."""


def picture(image: NDArray[np.uint8], answer: float) -> NDArray[np.uint8]:
    """The image above a bar as bright as the answer."""
    bar = np.full((8, image.shape[1], 3), round(255 * min(max(answer, 0), 1)), np.uint8)
    return np.concatenate([image, bar])
