from collections.abc import Callable
from typing import Any

from pylib.data.checks import CheckedTarget, RejectedError
from pylib.data.dataset import Target, ValueTarget
from pylib.data.findings import Rule, find
from pylib.data.gallery import TargetPicture
from pylib.data.layout import Candidate, Layout, Settled

TARGET = "value"
AMOUNTS = ""
MIN_SIDE = 1
NEW_CLASSES = False
FINDINGS = {
    "image-without-value": Rule(True, "Images without a value", "add a line to targets.csv"),
    "value-no-number": Rule(True, "Values that are no numbers", "write it as in 0.5"),
}
Classes = dict[int, str]


def classes(asked: Classes | None, found: Classes | None, parent: Classes | None) -> Classes:
    return {}


def settle(layout: Layout, classes: Any, max_pixels: int) -> Settled:
    return Settled(layout.candidates)


def check(candidate: Candidate, image: Any, classes: Classes) -> CheckedTarget:
    try:
        target = ValueTarget(value=float(candidate.source))
    except ValueError as error:
        reason = f"{candidate.source!r} is no number"
        raise RejectedError(find("value-no-number", candidate.id, reason, rules=FINDINGS)) from error
    return CheckedTarget(target, meaning(target, str.encode))


def meaning(target: Target, read: Callable[[str], bytes]) -> str:
    return repr(target.value)


def picture(candidate: Candidate, classes: Classes, side: int) -> TargetPicture:
    return TargetPicture()
