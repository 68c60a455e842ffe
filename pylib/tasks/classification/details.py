"""The part of evaluation.json that only a classification has."""

from typing import Literal

from pylib.evaluation.class_metrics import Bin, ClassMetrics
from pylib.evaluation.record import Share
from pylib.records import Record

Rank = Literal["confident", "worst", "unsure"]


class Example(Record):
    """A test image that is shown in the report, and why.

    confident: wrong, and sure of it; worst: wrong, with the least probability of the truth; unsure: right,
    and least sure of it. confidence: the probability of `prediction`; probability: that of `truth`
    """

    id: str
    rank: Rank
    truth: str
    prediction: str
    confidence: Share
    probability: Share


class Details(Record):
    """Everything of the evaluation beside metrics and parity.

    confusion: counts of images, rows are the truth, columns the prediction
    """

    classes: list[str]
    per_class: dict[str, ClassMetrics]
    confusion: list[list[int]]
    reliability: list[Bin]
    examples: list[Example]
