"""evaluation.json: the figures of one model on one test split, and what the gate said of them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from pylib.errors import ReleaseError
from pylib.records import Record, first_error

FILE = "evaluation.json"
REPORT = "report.html"

Rank = Literal["best", "median", "worst"]
Share = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ClassMetrics(Record):
    """Figures of one class; None where the class occurs neither in the truth nor in the prediction."""

    iou: Share | None
    f1: Share | None
    precision: Share | None
    recall: Share | None


class Bin(Record):
    """Pixels whose confidence lies in (lower, upper]; their mean confidence and their accuracy."""

    lower: Share
    upper: Share
    pixels: int
    confidence: Share
    accuracy: Share


class Example(Record):
    """One test image, by id, and its own mean IoU."""

    id: str
    rank: Rank
    mean_iou: Share


class Parity(Record):
    """How well the exported model agrees with the trained one on `images` test images."""

    same_class_share: Share
    max_probability_difference: Share
    images: int


class Figures(Record):
    """What was measured on the test split; `metrics` and `per_class` are of the exported model."""

    format: Literal[1] = 1
    model_digest: Digest
    dataset: str
    images: int
    classes: list[str]
    metrics: dict[str, Share]
    per_class: dict[str, ClassMetrics]
    confusion: list[list[int]]
    reliability: list[Bin]
    examples: list[Example]
    parity: Parity


class Check(Record):
    """One line of the gate: a metric's value against its limit."""

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    value: float | None
    passed: bool

    @property
    def shown_value(self) -> str:
        """The value as people read it."""
        return "undefined" if self.value is None else f"{self.value:.4g}"

    @property
    def shown_limits(self) -> str:
        """What was asked for, like `≥ 0.7`."""
        limits = {"≥": self.minimum, "≤": self.maximum}
        return ", ".join(f"{sign} {limit:g}" for sign, limit in limits.items() if limit is not None)

    def __str__(self) -> str:
        """Read like `mean_iou 0.412 (≥ 0.7)`."""
        return f"{self.metric} {self.shown_value} ({self.shown_limits})"


class GateResult(Record):
    """All checks; `passed` only where each of them passed."""

    passed: bool
    checks: list[Check]

    @property
    def failures(self) -> list[Check]:
        """The checks that the model did not pass."""
        return [check for check in self.checks if not check.passed]


class Evaluation(Figures):
    """The content of evaluation.json."""

    gate: GateResult


def read_evaluation(folder: Path) -> Evaluation:
    """Read evaluation.json from the folder that `evaluate` wrote (or the file itself)."""
    path = folder / FILE if folder.is_dir() else folder
    try:
        return Evaluation.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}): run `pylib evaluate` first") from error
    except ValidationError as error:
        reason = first_error(error, "the file")
        raise ReleaseError(f"{path}: {reason}; evaluate the model again with this version") from error
