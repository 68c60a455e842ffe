"""A segmentation's own part of evaluation.json."""

from typing import Literal

from pydantic import Field

from pylib.evaluation.class_metrics import Bin, ClassMetrics
from pylib.evaluation.intervals import Bounds
from pylib.evaluation.record import Share
from pylib.records import Record

Rank = Literal["best", "median", "worst"]


class Example(Record):
    """One test image, by id, and its own mean IoU."""

    id: str
    rank: Rank
    mean_iou: Share


class Details(Record):
    """Metrics by class, pixels by (true class, predicted class) and by confidence, images to look at.

    intervals: by metric, of `mean_iou` and each `per_class.NAME.iou`; older evaluations have none
    """

    classes: list[str]
    per_class: dict[str, ClassMetrics]
    confusion: list[list[int]]
    reliability: list[Bin]
    examples: list[Example]
    intervals: dict[str, Bounds] = Field(default_factory=dict)
