"""What the served model says of an image: its class, and how probable each class is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pylib.errors import DataError

OUTPUTS = ("probabilities",)
TENSORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "classes": ("str", ("C",)),
    "probabilities": ("float32", ("C",)),
    "label": ("str", ()),
    "confidence": ("float32", ()),
    "unsure": ("bool", ()),
}
_WIDTH = 320  # pixels; smaller images are enlarged so that the words fit
_SHOWN = 5
_LINE = 22
_GROUND = (208, 208, 208)  # one for all classes: a colour would contradict a class that is named by another
_NAMED = 100  # classes that a refusal names


@dataclass(frozen=True)
class Classification:
    """An answer as a client reads it.

    label: the likeliest class; confidence: its probability, 0..1
    unsure: whether that is less than the model asks for; False where it asks for nothing
    probabilities: class name to its probability, 0..1, in the order of the class indices
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    unsure: bool = False


def answer(
    outputs: Mapping[str, NDArray[Any]],
    image: NDArray[np.uint8],  # noqa: ARG001
    classes: Sequence[str],
    confidence_threshold: float = 0.0,
) -> dict[str, Any]:
    """Of `probabilities`, float32 [C] in 0..1, make an answer.

    classes (names by index), probabilities (name to 0..1), label (the likeliest), confidence (its, 0..1),
    unsure (whether that is below the threshold; at one of 1 everything is).
    """
    probabilities = outputs["probabilities"]
    likeliest = int(probabilities.argmax())
    confidence = float(probabilities[likeliest])
    return {
        "classes": list(classes),
        "probabilities": dict(zip(classes, probabilities.tolist(), strict=True)),
        "label": classes[likeliest],
        "confidence": confidence,
        "unsure": confidence < confidence_threshold or confidence_threshold >= 1,
    }


def tensor(answer: Mapping[str, Any], name: str) -> NDArray[Any]:
    """What the answer holds under that name; probabilities float32 [C] in the order of the classes."""
    if name == "probabilities":
        return np.array([answer[name][each] for each in answer["classes"]], np.float32)
    return np.array(answer[name], object if TENSORS[name][0] == "str" else TENSORS[name][0])


def numbers(answer: Mapping[str, Any]) -> tuple[list[str], list[float]]:
    """Give the classes, and the probability of each."""
    return list(answer["classes"]), [answer["probabilities"][name] for name in answer["classes"]]


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Keep label, confidence, unsure (older servers say nothing of it) and probabilities for the log."""
    kept = ("label", "confidence", "unsure", "probabilities")
    return {name: answer[name] for name in kept if name in answer}


def counters(answer: Mapping[str, Any]) -> list[tuple[str, dict[str, str], float]]:
    """Count labels, confidence and what was unsure: over model_predictions, the means of any period."""
    return [
        ("model_confidence", {}, answer["confidence"]),
        ("model_unsure", {}, float(answer["unsure"])),
        ("model_label", {"class": answer["label"]}, 1),
    ]


def observed(summary: Mapping[str, Any]) -> dict[str, float | str]:
    """Watch its label and its confidence."""
    return {"label": str(summary["label"]), "confidence": float(summary["confidence"])}


def truth(given: object, classes: Sequence[str]) -> dict[str, Any]:
    """The label, of a class's name or of an object that has it as `label`; raises DataError."""
    name = given.get("label") if isinstance(given, Mapping) else given
    if not isinstance(name, str):
        raise DataError('the truth is no class name: send it as strData, or as jsonData {"label": "…"}')
    if name not in classes:
        known, more = ", ".join(classes[:_NAMED]), len(classes) - _NAMED
        raise DataError(
            f"the truth {name[:80]!r} is no class of this model, which knows {known}"
            f"{f' and {more} more' if more > 0 else ''}"
        )
    return {"label": name}


def read(answer: Mapping[str, Any]) -> Classification:
    """Read an answer; raises KeyError, TypeError, ValueError or DataError where it is none."""
    classes = list(answer["classes"])
    if answer["label"] not in classes:
        raise DataError(
            f"the label {answer['label']!r} is none of the classes {', '.join(map(str, classes))}"
        )
    return Classification(
        label=str(answer["label"]),
        confidence=float(answer["confidence"]),
        probabilities={str(name): float(answer["probabilities"][name]) for name in classes},
        unsure=bool(answer.get("unsure", False)),
    )


def figures(answer: Classification) -> dict[str, Any]:
    """Give the answer's own: label, confidence (0..1), unsure, probabilities (0..1 by name)."""
    return {
        "label": answer.label,
        "confidence": answer.confidence,
        "unsure": answer.unsure,
        "probabilities": answer.probabilities,
    }


def lines(answer: Classification) -> list[tuple[str, str]]:
    """Say the same in words: the label, then each class with its probability, the likeliest first."""
    return [
        ("label", f"{answer.label} ({answer.confidence:.1%}{', unsure' if answer.unsure else ''})"),
        *((name, f"{share:.1%}") for name, share in _likeliest(answer)),
    ]


def classes(answer: Classification) -> list[str]:
    """The classes by index."""
    return list(answer.probabilities)


def mask(answer: Classification) -> None:
    """A label is of the image as a whole."""


def picture(image: NDArray[np.uint8], answer: Classification) -> NDArray[np.uint8]:
    """Return the image, uint8 [H,W,3], with its label written on it, above the likeliest classes: [H',W',3].

    An image narrower than 320 pixels is enlarged by a whole factor.
    """
    factor = max(1, -(-_WIDTH // image.shape[1]))
    enlarged = np.ascontiguousarray(image).repeat(factor, axis=0).repeat(factor, axis=1)
    return np.concatenate([_labelled(enlarged, answer), _legend(answer, width=enlarged.shape[1])])


def _labelled(image: NDArray[np.uint8], answer: Classification) -> NDArray[np.uint8]:
    """Write the label into a corner, on the ground that bars have."""
    canvas = Image.fromarray(image)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(18)
    text = f"{answer.label}{'?' if answer.unsure else ''} {answer.confidence:.0%}"
    _, _, right, bottom = draw.textbbox((8, 6), text, font=font)
    draw.rectangle((0, 0, right + 8, bottom + 6), fill=_GROUND)
    draw.text((8, 6), text, fill="black", font=font)
    return np.asarray(canvas, dtype=np.uint8)


def _legend(answer: Classification, width: int) -> NDArray[np.uint8]:
    shown = _likeliest(answer)[:_SHOWN]
    image = Image.new("RGB", (width, _LINE * len(shown) + 8), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    for place, (name, share) in enumerate(shown):
        top = 4 + _LINE * place
        draw.rectangle((6, top + 3, 6 + round(share * (width - 12)), top + 19), fill=_GROUND)
        draw.text((12, top + 2), f"{name}  {share:.1%}", fill="black", font=font)
    return np.asarray(image, dtype=np.uint8)


def _likeliest(answer: Classification) -> list[tuple[str, float]]:
    return sorted(answer.probabilities.items(), key=lambda each: -each[1])
