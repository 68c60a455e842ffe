"""What may be wrong with a number, and how a report shows it."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pylib.data.checks import CheckedTarget, RejectedError
from pylib.data.dataset import Target, ValueTarget
from pylib.data.findings import Rule, find
from pylib.data.gallery import TargetPicture
from pylib.data.layout import Candidate, Layout, Settled
from pylib.errors import ConfigurationError, DataError

TARGET, AMOUNTS, MIN_SIDE, NEW_CLASSES = "value", "images", 8, False
FINDINGS = {
    "image-without-value": Rule(True, "Images without a value", "write a line for it"),
    "value-unreadable": Rule(True, "Values that are no numbers", "write a number from 0 to 1"),
}


def classes(
    asked: dict[int, str] | None, found: dict[int, str] | None, parent: dict[int, str] | None
) -> dict[int, str]:
    """None: targets are numbers. Raises ConfigurationError where somebody asks for some."""
    if asked:
        raise ConfigurationError(f"classes {asked}: brightness is a number and has none; leave out --classes")
    return {}


def settle(layout: Layout, classes: dict[int, str], max_pixels: int) -> Settled:
    """Each number stands for itself."""
    return Settled(layout.candidates)


def check(candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]) -> CheckedTarget:
    """The number, in [0,1]; or RejectedError."""
    try:
        value = float(candidate.source)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        reason = f"{candidate.source!r} is no number from 0 to 1"
        raise RejectedError(find("value-unreadable", candidate.id, reason, rules=FINDINGS))
    target = ValueTarget(value=value)
    return CheckedTarget(record=target, meaning=repr(value))


def meaning(target: Target, read: Callable[[str], bytes]) -> str:
    """The number as text."""
    if not isinstance(target, ValueTarget):
        raise DataError(f"a target is a {target.kind}, not a value; ingest the data set again")
    return repr(target.value)


def picture(candidate: Candidate, classes: dict[int, str], side: int) -> TargetPicture:
    """The number below the image."""
    return TargetPicture(caption=str(candidate.source))
