"""A segmentation's own part of evaluation.json."""

from typing import Literal

from pydantic import Field

from pylib.evaluation.class_metrics import Bin, ClassMetrics
from pylib.evaluation.deserved import Before
from pylib.evaluation.intervals import Bounds
from pylib.evaluation.record import Share
from pylib.records import Record

Rank = Literal["best", "median", "worst"]


class Example(Record):
    """One test image, by id, and its own mean IoU."""

    id: str
    rank: Rank
    mean_iou: Share


class Suspect(Record):
    """One test image whose label may be wrong; quality: see `label_noise.label_quality`."""

    id: str
    quality: Share


class Details(Record):
    """Metrics by class, pixels by (true class, predicted class) and by confidence, images to look at.

    intervals: by metric, and of each `per_class.NAME.iou`; before: without the model's calibration
    suspects: images whose label may be wrong, the likeliest first. Older evaluations have none of these
    """

    classes: list[str]
    per_class: dict[str, ClassMetrics]
    confusion: list[list[int]]
    reliability: list[Bin]
    examples: list[Example]
    intervals: dict[str, Bounds] = Field(default_factory=dict)
    before: Before | None = None
    suspects: list[Suspect] = Field(default_factory=list)
