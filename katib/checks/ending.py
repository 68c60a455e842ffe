"""Counts, defaults and early stopping: when an Experiment ends, and whether it can."""

import re

from katib.checks import Faults, check
from katib.checks.algorithms import COUNT
from katib.experiment import NUMBERS, Experiment, value_at
from katib.suggest import did_you_mean

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LONGEST_NAME = 40  # a trial's name has nine more, a Service's more again
MEDIAN = ("min_trials_required", "start_step")
# What Katib's webhook writes where it is missing; without the webhook nothing does.
DEFAULTS = {
    "spec.parallelTrialCount": "3",
    "spec.resumePolicy": "Never",
    "spec.metricsCollectorSpec.collector.kind": "StdOut",
    "spec.trialTemplate.successCondition": "the condition of the trial's kind",
    "spec.trialTemplate.failureCondition": "the condition of the trial's kind",
}


@check("katib-name", "a longer name, or one with a dot, makes Services that the API server refuses")
def names(experiment: Experiment) -> Faults:
    """The name is short and one DNS label."""
    name = experiment.name
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        message = f"{name} must be at most {LONGEST_NAME} of a-z, 0-9 and dashes, a letter first; rename it"
        yield "metadata.name", message


@check("katib-counts", "counts that contradict each other are refused, and without them a search never ends")
def counts(experiment: Experiment) -> Faults:
    """A search ends, fails when too many trials do, and runs no more at once than in all."""
    most = experiment.count("maxTrialCount")
    if most is None:
        yield "spec.maxTrialCount", "without it only the goal ends the search; write how many trials"
    if experiment.count("maxFailedTrialCount") is None:
        message = "without it a search whose every trial failed has Succeeded; write how many may fail"
        yield "spec.maxFailedTrialCount", message
    for key, least in (("maxTrialCount", 1), ("parallelTrialCount", 1), ("maxFailedTrialCount", 0)):
        count = experiment.count(key)
        if count is not None and count < least:
            yield f"spec.{key}", f"it is {count}, and must be at least {least}"
        elif count is not None and most is not None and count > most:
            yield f"spec.{key}", f"it is {count}, above maxTrialCount {most}; lower it"


@check(
    "katib-defaults", "the webhook fills these in, and without it the controller panics or a trial never ends"
)
def defaults(experiment: Experiment) -> Faults:
    """What has a default is written out."""
    for field, default in DEFAULTS.items():
        if value_at(experiment.body, field) in {None, ""}:
            yield field, f"it is left to Katib's webhook; write it out: {default}"
    for parameter in experiment.parameters:
        if parameter.type in NUMBERS and not parameter.space.get("distribution"):
            field = f"{parameter.field}.feasibleSpace.distribution"
            yield field, "it is left to Katib's webhook; write it out: uniform"
    objective = experiment.spec.get("objective") or {}
    told = {strategy.get("name") for strategy in objective.get("metricStrategies") or []}
    best = "max" if objective.get("type") == "maximize" else "min"
    for name in [objective.get("objectiveMetricName"), *(objective.get("additionalMetricNames") or [])]:
        if name and name not in told:
            meant = did_you_mean(str(name), map(str, told))
            message = f"{name} has no strategy, and every trial would lack its metric; write {best}{meant}"
            yield "spec.objective.metricStrategies", message


@check("katib-early-stopping", "early stopping of finished trials that are deleted gets stuck")
def early_stopping(experiment: Experiment) -> Faults:
    """Medianstop, with settings that it knows, trials that stay and a collector that watches them."""
    yield from _early_stopping(experiment) if experiment.spec.get("earlyStopping") else ()


def _early_stopping(experiment: Experiment) -> Faults:
    field = "spec.earlyStopping"
    told = experiment.spec["earlyStopping"]
    if told.get("algorithmName") != "medianstop":
        yield f"{field}.algorithmName", f"Katib has no {told.get('algorithmName')}; it has medianstop"
    if experiment.template.get("retain") is not True:
        yield "spec.trialTemplate.retain", "medianstop needs the finished trials; write true"
    if experiment.collector not in {"File", "StdOut"}:
        collector = "spec.metricsCollectorSpec.collector.kind"
        yield collector, f"only StdOut and File stop a trial early; {experiment.collector} does not"
    for index, setting in enumerate(told.get("algorithmSettings") or []):
        name, value = str(setting.get("name")), str(setting.get("value"))
        if name not in MEDIAN:
            yield (
                f"{field}.algorithmSettings[{index}].name",
                f"medianstop has no {name}{did_you_mean(name, MEDIAN)}",
            )
        elif not COUNT.accepts(value):
            yield f"{field}.algorithmSettings[{index}].value", f"{name} is {value}; it must be {COUNT.words}"
