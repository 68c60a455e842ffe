"""What a metrics collector finds in a trial's log or file, as Katib's file-metricscollector does.

Source: `pkg/metricscollector/v1beta1/file-metricscollector/file-metricscollector.go`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from katib.experiment import Experiment, value_at

DEFAULT_FILTER = r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
UNAVAILABLE = "unavailable"
_GROUPS = 2
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Reported(NamedTuple):
    """A metric that a trial reported; `time` is empty where the line has no timestamp."""

    name: str
    value: str
    time: str


class CollectorError(Exception):
    """The collector itself fails of what the trial wrote; one line."""


def metric_names(experiment: Experiment) -> list[str]:
    """The objective first, then the additional ones."""
    objective = experiment.objective
    return [
        str(objective.get("objectiveMetricName")),
        *map(str, objective.get("additionalMetricNames") or []),
    ]


def collect(experiment: Experiment, lines: Iterable[str]) -> list[Reported]:
    """All metrics of the Experiment in the lines of a log or file, in order; raises CollectorError."""
    names, source = metric_names(experiment), "spec.metricsCollectorSpec.source"
    if value_at(experiment.body, f"{source}.fileSystemPath.format") == "JSON":
        return list(_json(lines, names))
    filters = value_at(experiment.body, f"{source}.filter.metricsFormat") or [DEFAULT_FILTER]
    return list(_text(lines, names, [re.compile(str(each), re.ASCII) for each in filters]))


def has_objective(experiment: Experiment, reported: Sequence[Reported]) -> bool:
    """Whether the objective was reported at all; without it nothing of a trial is stored."""
    return any(each.name == metric_names(experiment)[0] for each in reported)


def _text(lines: Iterable[str], names: list[str], filters: list[re.Pattern[str]]) -> Iterator[Reported]:
    for line in lines:
        if not any(name in line for name in names):
            continue
        first, space, _ = line.partition(" ")
        time = first if space and is_timestamp(first) else ""
        for pattern in filters:
            for match in pattern.finditer(line) if pattern.groups >= _GROUPS else ():
                name, value = (match[1] or "").strip(), (match[2] or "").strip()
                if name in names:
                    yield Reported(name, value, time)


def _json(lines: Iterable[str], names: list[str]) -> Iterator[Reported]:
    for line in filter(None, lines):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CollectorError(f"{line[:60]!r} is not JSON ({error}); write one object a line") from error
        if not isinstance(found, dict):
            raise CollectorError(f"{line[:60]!r} is no JSON object; write one object a line")
        time = _json_time(found.get("timestamp"))
        yield from (Reported(name, found[name], time) for name in names if isinstance(found.get(name), str))


def _json_time(stamp: Any) -> str:
    if isinstance(stamp, str) and is_timestamp(stamp):
        return stamp
    if isinstance(stamp, int | float) and not isinstance(stamp, bool):
        with suppress(ValueError, OverflowError, OSError):  # of a year that there is none
            return datetime.fromtimestamp(stamp, UTC).isoformat()
    return ""


def is_timestamp(word: str) -> bool:
    """Whether it is an RFC 3339 timestamp."""
    if not _STAMP.fullmatch(word):
        return False
    try:
        datetime.fromisoformat(word.replace(",", "."))
    except ValueError:
        return False
    return True
