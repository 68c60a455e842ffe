"""The part of evaluation.json that only a classification has."""

from typing import Literal

from pydantic import Field

from pylib.evaluation.class_metrics import Bin, ClassMetrics
from pylib.evaluation.deserved import Before
from pylib.evaluation.intervals import Bounds
from pylib.evaluation.record import Share
from pylib.records import Record

Rank = Literal["confident", "worst", "unsure", "suspect"]


class Example(Record):
    """A test image that is shown in the report, and why.

    confident: wrong, and most sure of it; worst: wrong, with the least probability of the truth; unsure:
    right, and least sure of it; suspect: perhaps labelled wrongly, and `prediction` is what it may be
    confidence: the probability of `prediction`; probability: that of `truth`
    """

    id: str
    rank: Rank
    truth: str
    prediction: str
    confidence: Share
    probability: Share


class Covered(Record):
    """Of the answers at least as confident as `confidence`: their share, and what share of them is right."""

    confidence: Share
    answered: Share
    precision: Share


class Binary(Record):
    """Of two classes: the curves of the probability of `positive`, the second one, as x and y.

    roc: false and true positive rate; precision_recall: recall and precision
    """

    positive: str
    roc: list[tuple[Share, Share]]
    precision_recall: list[tuple[Share, Share]]


class Details(Record):
    """Everything of the evaluation beside metrics and parity; what has a default, older evaluations lack.

    confusion: counts of images, rows are the truth, columns the prediction
    intervals: by metric; coverage: from the most confident answers to all
    confidence_threshold: the model's own, see `answered` and `precision_answered` among the metrics
    binary: None for more than two classes, or where the test images are all of one
    suspects: images whose label may be wrong, the likeliest first
    before: without the model's calibration
    """

    classes: list[str]
    per_class: dict[str, ClassMetrics]
    confusion: list[list[int]]
    reliability: list[Bin]
    examples: list[Example]
    intervals: dict[str, Bounds] = Field(default_factory=dict)
    confidence_threshold: Share = 0.0
    coverage: list[Covered] = Field(default_factory=list)
    binary: Binary | None = None
    suspects: list[Example] = Field(default_factory=list)
    before: Before | None = None
