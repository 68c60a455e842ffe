"""The gate: what a model must reach to be released, as a file a pipeline in the repository (gates/)."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import ConfigDict, PrivateAttr, RootModel, ValidationError, model_validator

from pylib import distinct_yaml
from pylib.errors import ConfigurationError, did_you_mean, one_line
from pylib.evaluation.record import Check, Evaluation, GateResult, Measurement
from pylib.evaluation.robustness.record import NAMES as ROBUSTNESS
from pylib.evaluation.robustness.record import robustness_values
from pylib.evaluation.slices import NAME as SLICES
from pylib.evaluation.slices import slice_values
from pylib.records import Record, first_error
from pylib.tasks.task import Task, find

REPRODUCED = "reproduced"
GATES = "gates"
"""The folder of gate files, one a pipeline, by its name."""


COUNTS = ("images", "items")
"""What gates call the number of test items."""

BESIDE = ("served.difference", "served.difference.lower", "served.difference.upper")
"""The score less that of the served model, and the bounds of its 95 % interval: `served.difference.upper` of
at least 0 asks for a model that is not worse beyond noise. Not asked for where nothing is served."""

OF_EVERY_TASK = (SLICES, f"{SLICES}.lower", f"{SLICES}.*", *BESIDE, *ROBUSTNESS)
"""What a gate may ask for beside the task's own; `slices` is the worst score of a slice that is not small."""


class Limit(Record):
    """The lowest and the highest value that pass; at least one of them."""

    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_people_write_it(cls, content: Any) -> Any:
        """Say what to write in place of a bare number, another word, or what YAML makes of `yes`."""
        if isinstance(content, int | float) and not isinstance(content, bool):
            raise ValueError(f"write {{minimum: {content}}}, or maximum")  # noqa: TRY004 (pydantic's)
        for key, value in content.items() if isinstance(content, dict) else ():
            if key not in cls.model_fields:
                raise ValueError(f"{key!r} is no limit; write minimum or maximum")
            if isinstance(value, bool):
                raise ValueError(f"{key}: {value} is no number")  # noqa: TRY004
        return content

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
    """Limits by metric name; which names there are is the task's.

    reproduced: whether a model must have been rebuilt bit for bit (`reproduced: true` in the file)
    """

    model_config = ConfigDict(frozen=True)
    _reproduced: bool = PrivateAttr(default=False)

    @property
    def reproduced(self) -> bool:
        """See above."""
        return self._reproduced

    @property
    def asks_for_robustness(self) -> bool:
        """Whether images have to be changed to decide."""
        return any(name in ROBUSTNESS for name in self.root)

    @model_validator(mode="wrap")
    @classmethod
    def _takes_the_rule(cls, content: Any, handler: Callable[[Any], Self]) -> Self:
        """Read `reproduced: true` among the limits, which are all else."""
        if not isinstance(content, dict) or REPRODUCED not in content:
            return handler(content)
        if not isinstance(asked := content[REPRODUCED], bool):
            raise ValueError(f"{REPRODUCED}: true or false, not {asked!r}")  # noqa: TRY004 (pydantic's)
        gate = handler({name: limit for name, limit in content.items() if name != REPRODUCED})
        gate._reproduced = asked  # noqa: SLF001 (its own)
        return gate

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.root:
            raise ValueError("no metric is asked for: a gate without a check lets every model through")
        return self


def gate_file(root: Path, pipeline: str) -> Path:
    """The gate of a pipeline, `root`/gates/<pipeline>.yaml; ConfigurationError where it has none."""
    path = root / GATES / f"{pipeline}.yaml"
    known = sorted(found.stem for found in path.parent.glob("*.yaml"))
    if pipeline not in known:
        reason = f"no gate for the pipeline {pipeline!r}; there are: {', '.join(known) or 'none'}"
        raise ConfigurationError(f"{path.parent}: {reason}; write {path.name}")
    return path


def read_gate(path: Path, task: Task) -> Gate:
    """Read a gate file for models of a task; see `read_limits`."""
    return read_limits(path, (*task.judgement.METRICS, *OF_EVERY_TASK))


def read_limits(path: Path, known: Sequence[str]) -> Gate:
    """Read a gate file whose metrics are among those known, by name or pattern.

    Raises:
        ConfigurationError: the file cannot be read, is not YAML, or asks for a metric that nobody measures.

    """
    try:
        gate = Gate.model_validate(distinct_yaml.load(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ConfigurationError(f"gate file {path} {reason}: name one with --gate") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"gate file {path} is not YAML: {one_line(error)}") from error
    except ValidationError as error:
        raise ConfigurationError(f"gate file {path}: {first_error(error, '')}") from error
    for name in gate.root:
        if not any(fnmatchcase(name, pattern) for pattern in known):
            raise ConfigurationError(f"gate file {path}: {_unknown(name, known)}")
    return gate


def check_classes(gate: Gate, classes: Sequence[str], path: Path) -> None:
    """Raise ConfigurationError where a gate asks for a metric of a class that a data set does not have."""
    for name in gate.root:
        asked = re.fullmatch(r"per_class\.(.+?)\.(?!lower$)\w+(\.lower)?", name)
        if asked and asked[1] not in classes:
            has = did_you_mean(asked[1], classes) or f"it has: {', '.join(classes)}"
            raise ConfigurationError(f"gate file {path}: {name!r}: the data set has no such class; {has}")


def too_few(gate: Gate, items: int) -> str:
    """Say that a gate asks for more test items than there are; empty where it does not."""
    for name in COUNTS:
        limit = gate.root.get(name)
        if limit and not limit.admits(items):
            asked = Check(metric=name, **limit.model_dump(), value=items, passed=False)
            return (
                f"the gate will not pass: {asked}, since the test split has no more; it trains all the same"
            )
    return ""


def decide(gate: Gate, measurement: Measurement) -> GateResult:
    """Hold what was measured against the gate.

    Raises:
        ConfigurationError: the gate names a class that this data set does not have.

    """
    return hold(gate, measured(measurement))


def hold(gate: Gate, values: Mapping[str, float | None]) -> GateResult:
    """Hold values by name against the gate; ConfigurationError where it names one that is not there."""
    for name in gate.root:
        if name not in values and name not in BESIDE:
            raise ConfigurationError(f"gate: {_unknown(name, values)}")
    checks = [_check(name, limit, values) for name, limit in gate.root.items()]
    passed = all(check.passed for check in checks)
    return GateResult(passed=passed, checks=checks, reproduced=gate.reproduced)


def _check(name: str, limit: Limit, values: Mapping[str, float | None]) -> Check:
    """Hold one value; beside the served model only where one was named: the first model has none."""
    if name not in values:
        return Check(
            metric=name, **limit.model_dump(), value=None, passed=True, note="compared with no model"
        )
    return Check(metric=name, **limit.model_dump(), value=values[name], passed=limit.admits(values[name]))


def decide_again(evaluation: Evaluation) -> GateResult:
    """Repeat the decision that is written in an evaluation from its own metrics, believing no `passed`."""
    return hold_again(evaluation.gate, measured(evaluation), evaluation.model_digest)


def hold_again(decided: GateResult, values: Mapping[str, float | None], digest: str) -> GateResult:
    """Hold the values of the model of that digest against the limits that a decision names."""
    limits = {each.metric: {"minimum": each.minimum, "maximum": each.maximum} for each in decided.checks}
    try:
        gate = Gate.model_validate({**limits, REPRODUCED: decided.reproduced})
    except ValidationError as error:
        raise ConfigurationError(
            f"the evaluation of {digest[:12]}: its gate: {first_error(error, '')}"
        ) from error
    return hold(gate, values)


def measured(measurement: Measurement) -> dict[str, float | None]:
    """Return every value that a gate can ask for, by its name there."""
    parity = {f"parity.{name}": value for name, value in measurement.parity.items()}
    own = find(measurement.task).judgement.values(measurement)
    beside = measurement.served
    served = dict(zip(BESIDE, (beside.difference, beside.lower, beside.upper), strict=True)) if beside else {}
    return {
        **measurement.metrics,
        **parity,
        **own,
        **slice_values(measurement.slices),
        **served,
        **robustness_values(measurement.robustness),
    }


def _unknown(name: str, known: Iterable[str]) -> str:
    named = [metric for metric in known if "*" not in metric]
    near = difflib.get_close_matches(name, named, n=1, cutoff=0.5)
    return f"unknown metric {name!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"known: {', '.join(named)}"
    )
