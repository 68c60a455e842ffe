"""evaluation.json: what was measured of one model on one test split, and what the gate said of it."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from pylib.errors import ConfigurationError, ReleaseError
from pylib.evaluation.robustness.record import Robustness
from pylib.records import Record, first_error
from pylib.tasks import task

FILE = "evaluation.json"
REPORT = "report.html"
_DETAILS_OF_FORMAT_1 = ("classes", "per_class", "confusion", "reliability", "examples")

Share = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Slice(Record):
    """The items whose `column` has that value: how many, their score and its interval; None: not defined.

    small: so few that the score is luck
    """

    column: str
    value: str
    items: int
    small: bool
    score: float | None
    lower: float | None
    upper: float | None


class Beside(Record):
    """The model's score less that of the served one, `digest`, on the same items; its 95 % interval.

    None where the two could not be compared.
    """

    digest: Digest
    difference: float | None
    lower: float | None
    upper: float | None


class Measurement(Record):
    """What was measured on the test split of a data set, of the exported model.

    items: how many; score: the name, in `metrics`, of the one that the model is known by
    parity: how well the export agrees with the trained model
    details: the task's own, see its judgement's Details
    slices: of the score; served: beside the served model, None where none was named; robustness: None where
    nobody asked. Older ones have none of these
    """

    format: Literal[2] = 2
    task: str
    model_digest: Digest
    dataset: str
    items: int
    score: str
    metrics: dict[str, float]
    parity: dict[str, float]
    details: dict[str, Any]
    slices: list[Slice] = Field(default_factory=list)
    served: Beside | None = None
    robustness: Robustness | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_format_1(cls, content: Any) -> Any:
        """Read what was written when every model was of the first task; released models have such a file."""
        if not isinstance(content, dict) or content.get("format") != 1:
            return content
        details = {name: content.pop(name) for name in _DETAILS_OF_FORMAT_1 if name in content}
        for bin_ in details.get("reliability") or []:
            if isinstance(bin_, dict) and "pixels" in bin_:
                bin_["count"] = bin_.pop("pixels")
        new = {"format": 2, "task": task.DEFAULT, "score": "mean_iou", "details": details}
        if "images" in content:
            new["items"] = content.pop("images")
        if isinstance(content.get("parity"), dict):
            new["parity"] = {name: value for name, value in content["parity"].items() if name != "images"}
        return {**content, **new}

    @model_validator(mode="after")
    def _has_its_score(self) -> Self:
        if self.score not in self.metrics:
            raise ValueError(f"metrics: no {self.score}, which is the score")
        return self


class Check(Record):
    """One line of the gate: a metric's value against its limit; note: why it was not asked for, or empty."""

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    value: float | None
    passed: bool
    note: str = Field(default="", exclude_if=lambda note: not note)

    @property
    def shown_value(self) -> str:
        """The value as people read it."""
        if self.note:
            return self.note
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
    """All checks; `passed` only where each of them passed.

    reproduced: whether the model must, beyond them, be rebuilt bit for bit before it is released
    """

    passed: bool
    checks: list[Check]
    reproduced: bool = False

    @property
    def failures(self) -> list[Check]:
        """The checks that the model did not pass."""
        return [check for check in self.checks if not check.passed]


class Evaluation(Measurement):
    """The content of evaluation.json."""

    gate: GateResult


def read_evaluation(folder: Path) -> Evaluation:
    """Read evaluation.json from the folder that `evaluate` wrote (or the file itself)."""
    path = folder / FILE if folder.is_dir() else folder
    try:
        found = Evaluation.model_validate_json(path.read_bytes())
        task.find(found.task).judgement.Details.model_validate(found.details)
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}): run `pylib evaluate` first") from error
    except ValidationError as error:
        reason = first_error(error, "the file")
        raise ReleaseError(f"{path}: {reason}; evaluate the model again with this version") from error
    except ConfigurationError as error:
        raise ReleaseError(f"{path}: {error}") from error
    return found
