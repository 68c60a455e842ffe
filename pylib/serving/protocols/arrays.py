"""Arrays that carry images, one or several, and the answers to them as arrays: of all tensor protocols."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.errors import RequestError
from pylib.serving.engine import Answer, Engine
from pylib.serving.limits import MAX_BYTES, MAX_IMAGES, MAX_JSON_NUMBERS
from pylib.serving.request import Image, from_file, from_numbers
from pylib.settings import max_pixels

INPUT = "image"
_IMAGE, _IMAGES = 3, 4  # dimensions
_FORMS = "a file's bytes, as [1] or [N], or pixels in 0…255, as [H,W,3] or [N,H,W,3]"


class Answered(NamedTuple):
    """The answers to the images of a request, and their parts as arrays [N,…] by name."""

    answers: list[Answer]
    arrays: dict[str, NDArray[Any]]


def answered(engine: Engine, images: NDArray[Any], names: Sequence[str]) -> Answered:
    """Ask about each image of an array, of bytes (objects) or numbers; raises RequestError.

    `names` are those of the engine's outputs that are wanted as arrays.
    """
    answers, pixels = [], 0
    for image in _images(images, engine.sample_bits):
        pixels += image.pixels.shape[0] * image.pixels.shape[1]
        if pixels > max_pixels():
            sentence = f"the images have more than {max_pixels():,} pixels together: send fewer a request"
            raise RequestError(sentence, "too large")
        answers.append(engine.answer(image))
    return Answered(answers, {name: _stacked(engine, answers, name) for name in names})


def check_names(names: Sequence[str], known: Sequence[str]) -> None:
    """Raise RequestError where an output is asked for that there is not."""
    for name in names:
        if name not in known:
            raise RequestError(f"there is no output {name[:80]!r}: there are {', '.join(known)}")


def tags(answers: Sequence[Answer]) -> dict[str, str]:
    """What the answers say of the model, and their ids, separated by commas."""
    ids = ",".join(answer.tags["prediction_id"] for answer in answers)
    return {**answers[0].tags, "prediction_id": ids}


def _images(array: NDArray[Any], sample_bits: int | None) -> Iterator[Image]:
    files = array.dtype == object
    single = not files and array.ndim == _IMAGE
    items = array.ravel() if files else array[np.newaxis] if single else array
    if not files and items.ndim != _IMAGES:
        raise RequestError(f"{INPUT} has the shape {list(array.shape)[:10]}: send {_FORMS}")
    if not 1 <= len(items) <= MAX_IMAGES:
        raise RequestError(f"the request holds {len(items)} images: send 1 to {MAX_IMAGES}")
    return (from_file(item, sample_bits) if files else from_numbers(item) for item in items)


def _stacked(engine: Engine, answers: Sequence[Answer], name: str) -> NDArray[Any]:
    parts = [engine.array(answer, name) for answer in answers]
    if len({part.shape for part in parts}) > 1:
        raise RequestError(
            f"the images differ in size, and their {name} is no array: send one a request, or ask for others"
        )
    return np.stack(parts)


def check_count(name: str, array: NDArray[Any]) -> None:
    """Raise RequestError where an array is too large to be written as JSON numbers."""
    if array.size > MAX_JSON_NUMBERS:
        raise RequestError(
            f"{name} has {array.size:,} numbers, too many for JSON: ask for it as binary data, or as a file"
        )


def check_message(name: str, array: NDArray[Any]) -> None:
    """Raise RequestError where an array is too large for a message over gRPC."""
    if array.nbytes > MAX_BYTES:
        raise RequestError(
            f"{name} has {array.nbytes:,} bytes, too many for a message: ask for others, such as a file",
            "too large",
        )
