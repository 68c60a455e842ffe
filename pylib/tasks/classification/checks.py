"""What may be wrong with a label, what it says, and how a report shows it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pylib.data.checks import CheckedTarget, RejectedError
from pylib.data.classes import IGNORE, ignored
from pylib.data.dataset import LabelTarget, Target
from pylib.data.findings import Rule, find
from pylib.data.gallery import TargetPicture
from pylib.data.layout import Candidate, Layout, Settled
from pylib.data.names import printable
from pylib.errors import ConfigurationError, DataError
from pylib.tasks.classification.class_names import check_distinct, numbered_on, plain

TARGET = "label"
AMOUNTS = "images"
MIN_SIDE = 8  # icons and digits are learned from, enlarged; less shows nothing
NEW_CLASSES = True
_MOST = 2**31 - 1

FINDINGS: dict[str, Rule] = {
    "image-without-label": Rule(
        True, "Images without a label", "move it into the folder of its class, or write a row for it"
    ),
    "label-without-image": Rule(True, "Rows whose image is missing", "add the image, or remove the row"),
    "label-ambiguous": Rule(True, "Rows that fit several images", "write the image's whole path"),
    "label-contradictory": Rule(True, "Images with several labels", "decide which is right, leave one row"),
    "class-unknown": Rule(
        True, "Labels that are no class", "name it in classes.yaml or --classes, or correct the label"
    ),
    "class-empty": Rule(
        False, "Folders beside the classes' that hold no image", "nothing, if it is no class"
    ),
}


def classes(
    asked: dict[int, str] | None, found: dict[int, str] | None, parent: dict[int, str] | None
) -> dict[int, str]:
    """Those that a person asked for; else the parent's with their ids, and what is new numbered on.

    Raises ConfigurationError where two names differ by case or accents only, or there are fewer than two.
    """
    legend = {
        number: plain(name) for number, name in (asked or numbered_on(parent or {}, found or {})).items()
    }
    if left := ignored(legend):
        raise ConfigurationError(
            f"classes: id {left[0]} is named {IGNORE}, and an image that counts for nothing is no sample: "
            "leave its images out, or give the class another name"
        )
    if wrong := [number for number in legend if number > _MOST]:
        raise ConfigurationError(f"classes: {wrong[0]} is no id; ids are whole numbers from 0 to {_MOST:,}")
    check_distinct(legend.values())
    if len(legend) < 2:  # noqa: PLR2004
        only = ", ".join(printable(name) for name in legend.values()) or "none"
        raise ConfigurationError(
            f"classes: a classification needs two or more, and there is {only}: put the images of each class "
            "into a folder of its name, or name all classes with --classes"
        )
    return dict(sorted(legend.items()))


def settle(layout: Layout, classes: dict[int, str], max_pixels: int) -> Settled:  # noqa: ARG001
    """Each label stands for itself; say so where it is an id and not a name."""
    by_id = sorted({one.source for one in layout.candidates} - {*classes.values()})
    named = [label for label in by_id if class_id(label, classes) is not None]
    said = [f"labels {', '.join(named)} are ids of classes"] if named else []
    return Settled(layout.candidates, said)


def class_id(label: str, classes: dict[int, str]) -> int | None:
    """The id of the class that a label names, or of which it is the number; None where it is no class."""
    named = next((number for number, name in classes.items() if name == label), None)
    return next((number for number in classes if str(number) == label), None) if named is None else named


def check(candidate: Candidate, image: NDArray[np.uint8], classes: dict[int, str]) -> CheckedTarget:  # noqa: ARG001
    """The id of a candidate's class; or RejectedError."""
    label = class_id(candidate.source, classes)
    if label is None:
        reason = f"its label {printable(candidate.source)} is no class"
        raise RejectedError(find("class-unknown", candidate.id, reason, rules=FINDINGS))
    return CheckedTarget(record=LabelTarget(label=label), meaning=str(label), amounts={label: 1})


def meaning(target: Target, read: Callable[[str], bytes]) -> str:  # noqa: ARG001
    """The id as text. Raises DataError where the target is no label."""
    if not isinstance(target, LabelTarget):
        raise DataError(f"a target is a {target.kind}, not a label; ingest the data set again")
    return str(target.label)


def picture(candidate: Candidate, classes: dict[int, str], side: int) -> TargetPicture:  # noqa: ARG001
    """The label in words, below the image."""
    return TargetPicture(caption=printable(candidate.source))
