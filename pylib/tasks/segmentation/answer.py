"""What the served model says of an image: a class for each of its pixels, in a PNG, with their shares."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pylib.data.images import decode_mask, encode_png, resize_mask
from pylib.errors import DataError
from pylib.palette import class_rgb

OUTPUTS = ("probabilities",)
_OPACITY = 0.5
_IGNORED = 255
_WIDTH = 320  # pixels; smaller images are enlarged so that the legend fits


@dataclass(frozen=True)
class Segmentation:
    """An answer as a client reads it.

    mask: uint8 [H,W] of the image's own size, value i stands for `classes[i]`
    class_shares: class name to its share of the pixels, 0..1
    mean_confidence: mean over pixels of the likeliest class's probability, 0..1
    """

    mask: NDArray[np.uint8]
    classes: list[str]
    class_shares: dict[str, float]
    mean_confidence: float


def answer(
    outputs: Mapping[str, NDArray[Any]],
    image: NDArray[np.uint8],
    classes: Sequence[str],
    confidence_threshold: float = 0.0,  # noqa: ARG001 - of a mask, no answer is unsure as a whole
) -> dict[str, Any]:
    """Of `probabilities`, float32 [S,S,C] in 0..1, and an image, uint8 [H,W,3], make an answer.

    mask_png (base64, uint8 [H,W], value i is `classes[i]`, nearest neighbour), classes, class_shares (share
    of pixels, 0..1), mean_confidence (0..1), width, height (pixels).
    """
    probabilities = outputs["probabilities"]
    height, width = image.shape[:2]
    mask = resize_mask(probabilities.argmax(axis=-1).astype(np.uint8), (height, width))
    shares = np.bincount(mask.ravel(), minlength=len(classes)) / mask.size
    return {
        "mask_png": base64.b64encode(encode_png(mask)).decode(),
        "classes": list(classes),
        "class_shares": dict(zip(classes, shares.tolist(), strict=True)),
        "mean_confidence": float(probabilities.max(axis=-1).mean()),
        "width": width,
        "height": height,
    }


def numbers(answer: Mapping[str, Any]) -> None:
    """A mask is not answered as rows of numbers: it would be 49,152 of them."""


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Keep class_shares and mean_confidence for the log of predictions."""
    return {"class_shares": answer["class_shares"], "mean_confidence": answer["mean_confidence"]}


def counters(answer: Mapping[str, Any]) -> list[tuple[str, dict[str, str], float]]:
    """Count confidence and shares: their rate over that of model_predictions is the mean of any period."""
    shares = answer["class_shares"].items()
    return [
        ("model_confidence", {}, answer["mean_confidence"]),
        *(("model_class_share", {"class": name}, share) for name, share in shares),
    ]


def truth(given: object, classes: Sequence[str]) -> dict[str, Any]:
    """The mask as `mask_png`, of a PNG's bytes or of an object that has it so; raises DataError.

    Value i is `classes[i]`, as in an answer; 255 counts for nothing.
    """
    mask = given.get("mask_png") if isinstance(given, Mapping) else given
    try:
        data = mask if isinstance(mask, bytes) else base64.b64decode(str(mask or ""), validate=True)
    except ValueError as error:
        raise DataError("the truth's mask_png is not base64: encode the bytes of a PNG") from error
    if not data:
        raise DataError('the truth is no mask: send a PNG as binData, or as jsonData {"mask_png": "…"}')
    shown = {int(value) for value in np.unique(decode_mask(data))}
    unknown = sorted(shown - {*range(len(classes)), _IGNORED})
    if unknown:
        named = ", ".join(f"{number}={name}" for number, name in enumerate(classes))
        raise DataError(f"the truth's mask has {unknown[0]}, which is no class of this model: {named}")
    return {"mask_png": base64.b64encode(data).decode()}


def read(answer: Mapping[str, Any]) -> Segmentation:
    """Read an answer; raises KeyError, TypeError, ValueError or DataError where it is none."""
    return Segmentation(
        mask=decode_mask(base64.b64decode(answer["mask_png"])),
        classes=list(answer["classes"]),
        class_shares={name: float(answer["class_shares"][name]) for name in answer["classes"]},
        mean_confidence=float(answer["mean_confidence"]),
    )


def figures(answer: Segmentation) -> dict[str, Any]:
    """Give the answer's numbers: width, height (pixels), class_shares, mean_confidence (0..1)."""
    height, width = answer.mask.shape
    return {
        "width": width,
        "height": height,
        "class_shares": answer.class_shares,
        "mean_confidence": answer.mean_confidence,
    }


def lines(answer: Segmentation) -> list[tuple[str, str]]:
    """Say the same in words: each class with its share, then confidence and size."""
    height, width = answer.mask.shape
    return [
        *((name, f"{share:.1%}") for name, share in answer.class_shares.items()),
        ("mean confidence", f"{answer.mean_confidence:.3f}"),
        ("pixels", f"{width} x {height}"),
    ]


def classes(answer: Segmentation) -> list[str]:
    """The classes by index."""
    return answer.classes


def mask(answer: Segmentation) -> NDArray[np.uint8]:
    """The class index of each pixel, uint8 [H,W]."""
    return answer.mask


def picture(image: NDArray[np.uint8], answer: Segmentation) -> NDArray[np.uint8]:
    """Return the image, uint8 [H,W,3], under its mask and above a legend of classes: uint8 [H',W',3].

    An image narrower than 320 pixels is enlarged by a whole factor.
    """
    colours = np.array([class_rgb(i) for i in range(256)], np.float32)
    blended = (1 - _OPACITY) * image + _OPACITY * colours[answer.mask]
    factor = max(1, -(-_WIDTH // image.shape[1]))
    enlarged = np.rint(blended).astype(np.uint8).repeat(factor, axis=0).repeat(factor, axis=1)
    return np.concatenate([enlarged, _legend(answer.class_shares, width=enlarged.shape[1])])


def _legend(shares: dict[str, float], width: int) -> NDArray[np.uint8]:
    line = 22
    image = Image.new("RGB", (width, line * len(shares) + 8), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    for i, (name, share) in enumerate(shares.items()):
        top = 4 + line * i
        draw.rectangle((6, top + 3, 22, top + 19), fill=class_rgb(i))
        draw.text((30, top + 2), f"{name}  {share:.1%}", fill="black", font=font)
    return np.asarray(image, dtype=np.uint8)
