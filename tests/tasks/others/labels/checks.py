from collections.abc import Callable
from typing import Any

from pylib.data.checks import CheckedTarget
from pylib.data.dataset import LabelTarget, Target
from pylib.data.findings import Rule
from pylib.data.gallery import TargetPicture
from pylib.data.layout import Candidate, Layout, Settled

TARGET = "label"
AMOUNTS = "images"
MIN_SIDE = 1
NEW_CLASSES = True
FINDINGS = {"image-without-class": Rule(True, "Images without a class", "put it into its class's folder")}
Classes = dict[int, str]


def classes(asked: Classes | None, found: Classes | None, parent: Classes | None) -> Classes:
    """The parent's keep their ids; new ones are numbered on."""
    kept = dict(asked or parent or {})
    new = sorted({*(found or {}).values()} - {*kept.values()})
    return kept | {len(kept) + place: name for place, name in enumerate(new)}


def settle(layout: Layout, classes: Any, max_pixels: int) -> Settled:
    return Settled(layout.candidates)


def check(candidate: Candidate, image: Any, classes: Classes) -> CheckedTarget:
    label = next(number for number, name in classes.items() if name == candidate.source)
    target = LabelTarget(label=label)
    return CheckedTarget(target, meaning(target, str.encode), {label: 1})


def meaning(target: Target, read: Callable[[str], bytes]) -> str:
    return str(target.label)


def picture(candidate: Candidate, classes: Classes, side: int) -> TargetPicture:
    return TargetPicture(caption=candidate.source)
