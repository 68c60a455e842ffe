"""What evaluation.json has of robustness, and what a gate may ask of it."""

from collections.abc import Iterable
from typing import Literal

from pylib.records import Record

NAME = "robustness"
ATTACKS = ("fgsm", "pgd")
EPS = (1, 2, 4, 8)
"""How much a pixel may differ by, of 255."""
CORRUPTIONS = ("noise", "blur", "jpeg", "brightness", "contrast", "scale", "rotation")
STRENGTHS = (1, 2, 3, 4, 5)
FLIPS = ("horizontal", "vertical")
_OF_ALL = f"{NAME}.corruptions"
NAMES = (
    *(f"{NAME}.{attack}.{eps}" for attack in ATTACKS for eps in EPS),
    *(f"{NAME}.{kind}" for kind in CORRUPTIONS),
    *(f"{NAME}.{kind}.{strength}" for kind in CORRUPTIONS for strength in STRENGTHS),
    _OF_ALL,
    *(f"{NAME}.flip.{flip}" for flip in FLIPS),
)
"""`robustness.pgd.4` is the score under PGD of at most 4 of 255 a pixel; `robustness.blur.3` under blur of
strength 3, `robustness.blur` the mean of five strengths, `robustness.corruptions` of all;
`robustness.flip.horizontal` the share of decisions that stay where the image is flipped."""


class Changed(Record):
    """The score where the images were changed: by what and how much; None where it is not defined.

    kind: an attack, whose strength is eps in pixel units, or a corruption of strength 1 to 5
    """

    by: Literal["attack", "corruption"]
    kind: str
    strength: int
    score: float | None


class Robustness(Record):
    """images: how many of the test split were changed; clean: their score as they are.

    flips: the share of decisions that stay, by the flip
    """

    images: int
    clean: float | None
    changed: list[Changed]
    flips: dict[str, float]


def robustness_values(found: Robustness | None) -> dict[str, float | None]:
    """Return what NAMES names; nothing where it was not measured."""
    if found is None:
        return {}
    each = {f"{NAME}.{one.kind}.{one.strength}": one.score for one in found.changed}
    corrupted = [one for one in found.changed if one.by == "corruption"]
    kinds = {
        f"{NAME}.{kind}": _mean(one.score for one in corrupted if one.kind == kind) for kind in CORRUPTIONS
    }
    flips = {f"{NAME}.flip.{flip}": share for flip, share in found.flips.items()}
    return {**each, **kinds, _OF_ALL: _mean(one.score for one in corrupted), **flips}


def _mean(scores: Iterable[float | None]) -> float | None:
    found = list(scores)
    known = [score for score in found if score is not None]
    return sum(known) / len(known) if known and len(known) == len(found) else None
