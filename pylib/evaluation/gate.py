"""The gate: what a model must reach to be released, as a file in the repository (gate.yaml)."""

import difflib
import re
from pathlib import Path
from typing import Self

import yaml
from pydantic import ConfigDict, RootModel, ValidationError, model_validator

from pylib.errors import ConfigurationError, one_line
from pylib.evaluation.record import Check, ClassMetrics, Evaluation, Figures, GateResult
from pylib.records import Record, first_error

METRICS = (
    "images",
    "mean_iou",
    "f1",
    "precision",
    "recall",
    "pixel_accuracy",
    "expected_calibration_error",
    "parity.same_class_share",
    "parity.max_probability_difference",
    *(f"per_class.{name}" for name in ClassMetrics.model_fields),
)
"""What a gate can ask of any data set; `per_class.iou` is that of the worst class."""

_OF_ONE_CLASS = re.compile(rf"per_class\.(.+)\.({'|'.join(ClassMetrics.model_fields)})")


class Limit(Record):
    """The lowest and the highest value that pass; at least one of them."""

    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("give a minimum or a maximum")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is above maximum {self.maximum:g}: nothing can pass")
        return self

    def admits(self, value: float | None) -> bool:
        """Tell whether the value passes; a value that is not defined does not."""
        if value is None:
            return False
        return (self.minimum is None or value >= self.minimum) and (
            self.maximum is None or value <= self.maximum
        )


class Gate(RootModel[dict[str, Limit]]):
    """Limits by metric name; `per_class.NAME.iou` asks of one class, `per_class.iou` of every class."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _knows_its_metrics(self) -> Self:
        if not self.root:
            raise ValueError("no metric is asked for: a gate without a check lets every model through")
        for name in self.root:
            if name not in METRICS and not _OF_ONE_CLASS.fullmatch(name):
                raise ValueError(_unknown(name, METRICS))
        return self


def read_gate(path: Path) -> Gate:
    """Read a gate file.

    Raises:
        ConfigurationError: the file cannot be read, is not YAML, or asks for a metric that nobody measures.

    """
    try:
        return Gate.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ConfigurationError(f"gate file {path} {reason}: name one with --gate") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"gate file {path} is not YAML: {one_line(error)}") from error
    except ValidationError as error:
        raise ConfigurationError(f"gate file {path}: {first_error(error, '')}") from error


def decide(gate: Gate, figures: Figures) -> GateResult:
    """Hold the figures against the gate.

    Raises:
        ConfigurationError: the gate names a class that this data set does not have.

    """
    values = measured(figures)
    for name in gate.root:
        if name not in values:
            raise ConfigurationError(f"gate: {_unknown(name, values)}")
    checks = [
        Check(
            metric=name,
            minimum=limit.minimum,
            maximum=limit.maximum,
            value=values[name],
            passed=limit.admits(values[name]),
        )
        for name, limit in gate.root.items()
    ]
    return GateResult(passed=all(check.passed for check in checks), checks=checks)


def decide_again(evaluation: Evaluation) -> GateResult:
    """Repeat the decision that is written in an evaluation from its own figures, believing no `passed`."""
    checks = evaluation.gate.checks
    limits = {check.metric: {"minimum": check.minimum, "maximum": check.maximum} for check in checks}
    try:
        return decide(Gate.model_validate(limits), evaluation)
    except ValidationError as error:
        reason = f"its gate: {first_error(error, '')}"
        raise ConfigurationError(f"the evaluation of {evaluation.model_digest[:12]}: {reason}") from error


def measured(figures: Figures) -> dict[str, float | None]:
    """Return every value that a gate can ask for, by its name there."""
    values: dict[str, float | None] = {"images": float(figures.images), **figures.metrics}
    values["parity.same_class_share"] = figures.parity.same_class_share
    values["parity.max_probability_difference"] = figures.parity.max_probability_difference
    for name in ClassMetrics.model_fields:
        scores = {label: getattr(metrics, name) for label, metrics in figures.per_class.items()}
        values[f"per_class.{name}"] = min(
            (score for score in scores.values() if score is not None), default=None
        )
        values |= {f"per_class.{label}.{name}": score for label, score in scores.items()}
    return values


def _unknown(name: str, known: "tuple[str, ...] | dict[str, float | None]") -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"unknown metric {name!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    )
