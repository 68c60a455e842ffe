"""Metrics: names that the collector's filter can find, and a source that it can read."""

import re

from katib.checks import Faults, check
from katib.experiment import Body, Experiment, value_at

SOURCE = "spec.metricsCollectorSpec.source"
CUSTOM = "spec.metricsCollectorSpec.collector.customCollector"
FOUND = re.compile(r"[\w|-]+")  # the name in the default filter
GROUPS = 2
# What Python's regular expressions have, and Go's do not: the collector panics of them.
UNKNOWN_TO_GO = re.compile(r"(?<!\\)(?:\\\\)*(\(\?(?:<?[=!]|>|\(|P=|#)|\\[1-9Z])")


@check("katib-metrics", "a metric that the collector cannot find makes every trial useless")
def metrics(experiment: Experiment) -> Faults:
    """Names that can be each once, and a source that fits the collector."""
    yield from [*_names(experiment), *_source(experiment)]


def _names(experiment: Experiment) -> Faults:
    objective = experiment.spec.get("objective") or {}
    best, others = objective.get("objectiveMetricName"), objective.get("additionalMetricNames") or []
    if best in others:
        yield "spec.objective.additionalMetricNames", f"{best} is the objective already; remove it here"
    filtered = value_at(experiment.body, f"{SOURCE}.filter.metricsFormat")
    named = {"objectiveMetricName": [best], "additionalMetricNames": others}
    for field, name in ((field, name) for field, names in named.items() for name in names if name):
        if not filtered and not FOUND.fullmatch(str(name)):
            message = f"{name} is not found by the default filter; use letters, digits, dashes, underscores"
            yield f"spec.objective.{field}", message


def _source(experiment: Experiment) -> Faults:
    source = value_at(experiment.body, SOURCE) or {}
    yield from _filters(source)
    if experiment.collector in {"File", "TensorFlowEvent"}:
        yield from _file(experiment.collector, source.get("fileSystemPath") or {})
    elif experiment.collector == "PrometheusMetric":
        yield from _prometheus(source.get("httpGet") or {})
    elif experiment.collector == "Custom" and not value_at(experiment.body, CUSTOM):
        yield CUSTOM, "a collector of kind Custom needs its container"


def _filters(source: Body) -> Faults:
    field = f"{SOURCE}.filter.metricsFormat"
    for index, pattern in enumerate(value_at(source, "filter.metricsFormat") or []):
        try:
            groups = re.compile(str(pattern)).groups
        except re.error as error:
            yield f"{field}[{index}]", f"{pattern} is no regular expression: {error}"
            continue
        if found := UNKNOWN_TO_GO.search(str(pattern)):
            yield f"{field}[{index}]", f"the collector's Go has no {found[0]}; leave it out"
        elif groups < GROUPS:
            yield f"{field}[{index}]", f"{pattern} needs two groups, of the name and of the value"
    if value_at(source, "fileSystemPath.format") == "JSON" and source.get("filter"):
        yield f"{SOURCE}.filter", "JSON has no filter; remove it"


def _file(collector: str, path: Body) -> Faults:
    field = f"{SOURCE}.fileSystemPath"
    wanted = "File" if collector == "File" else "Directory"
    if path.get("kind") != wanted:
        yield f"{field}.kind", f"{collector} reads a {wanted}; write that"
    if not str(path.get("path") or "").startswith("/"):
        yield f"{field}.path", "it needs a path from the root, such as /var/log/katib/metrics.log"
    elif str(path.get("path")).rpartition("/")[0] == "":
        yield (
            f"{field}.path",
            "a pod cannot mount the root; write a file of a folder, such as /opt/logs/m.log",
        )
    if collector == "File" and not path.get("format"):
        yield f"{field}.format", "write TEXT or JSON"
    if collector == "TensorFlowEvent" and path.get("format"):
        yield f"{field}.format", "event files have a format of their own; remove it"


def _prometheus(request: Body) -> Faults:
    port = str(request.get("port", ""))
    if not port.isdecimal() or int(port) == 0:
        yield f"{SOURCE}.httpGet.port", f"{port or 'no port'} is none; write a number above 0"
    if not str(request.get("path") or "").startswith("/"):
        yield f"{SOURCE}.httpGet.path", "it begins with a slash, such as /metrics"
