"""What of a trial's reports counts: least, greatest and latest of each metric, and the one that is compared.

Source: `pkg/controller.v1beta1/trial/trial_controller_util.go` (getMetrics) and
`pkg/controller.v1beta1/experiment/util/status_util.go` (getObjectiveMetricValue, updateTrialsSummary).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from katib.collectors import UNAVAILABLE, Reported, metric_names
from katib.experiment import Experiment
from katib.numbers import parse_float

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Metric:
    """A metric of a trial, as text, as Katib writes it into a trial's status."""

    name: str
    min: str = UNAVAILABLE
    max: str = UNAVAILABLE
    latest: str = UNAVAILABLE


def strategies(experiment: Experiment) -> dict[str, str]:
    """min, max or latest by metric; where nothing is written, what Katib's webhook would write."""
    told = experiment.objective.get("metricStrategies") or []
    default = "max" if maximizes(experiment) else "min"
    written = {str(each.get("name")): str(each.get("value")) for each in told}
    return {name: written.get(name, default) for name in metric_names(experiment)}


def maximizes(experiment: Experiment) -> bool:
    """Whether greater is better."""
    return experiment.objective.get("type") == "maximize"


def observe(experiment: Experiment, reported: Iterable[Reported]) -> list[Metric]:
    """The metrics of the Experiment, as a trial's status has them."""
    listed = list(reported)
    return [_metric(name, [each for each in listed if each.name == name]) for name in strategies(experiment)]


def _metric(name: str, reported: Sequence[Reported]) -> Metric:
    low = high = latest = UNAVAILABLE
    newest = _NEVER
    for each in reported:
        value = parse_float(each.value)
        if value is not None:
            least, most = parse_float(low), parse_float(high)
            if least is None or most is None:
                low = high = each.value
            elif value < least:
                low = each.value
            elif value > most:
                high = each.value
        time = datetime.fromisoformat(each.time.replace(",", ".")) if each.time else _NEVER
        if time >= newest:
            newest, latest = time, each.value
    return Metric(name, low, high, latest)


def objective_value(experiment: Experiment, metrics: Iterable[Metric]) -> str:
    """The text that is compared: by the objective's strategy; `unavailable` where there is none."""
    name = metric_names(experiment)[0]
    found = next((each for each in metrics if each.name == name), None)
    if found is None:
        return UNAVAILABLE
    extremes = {"min": found.min, "max": found.max}
    value = extremes.get(strategies(experiment)[name], found.latest)
    return found.latest if value == UNAVAILABLE else value


def best(experiment: Experiment, values: Sequence[str]) -> int | None:
    """The place of the best trial among the compared texts, in the order of creation; None without any.

    The first of equals; but a text that is no number, which is what nan and inf become, is the best of all
    before it, as Katib has it.
    """
    place: int | None = None
    leading = 0.0
    sign = 1 if maximizes(experiment) else -1
    for index, text in enumerate(values):
        value = parse_float(text)
        if text == UNAVAILABLE:
            continue
        if value is None:
            place = index
        elif place is None or sign * value > sign * leading:
            place, leading = index, value
    return place


def reaches_goal(experiment: Experiment, values: Sequence[str]) -> bool:
    """Whether the best number among the compared texts is at the goal or beyond it."""
    goal: float | None = experiment.objective.get("goal")
    numbers = [value for text in values if (value := parse_float(text)) is not None]
    if goal is None or not numbers:
        return False
    return max(numbers) >= goal if maximizes(experiment) else min(numbers) <= goal
