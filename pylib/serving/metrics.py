"""What a model server counts, for Prometheus, under the names and labels of Seldon's own server.

`seldon_core/metrics.py` in https://github.com/SeldonIO/seldon-core/tree/v1.17.1/python keeps it in a process
of its own for all workers; here the threads of a process add it up under a lock, and who asks is told the sum
of what the processes of a server counted.
"""

import json
import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from typing import Any, NamedTuple

_DECADES = 4.477121254719663  # from 1 ms to 30 s
BUCKETS = [0.001 * 10 ** (_DECADES * step / 49) for step in range(50)]
"""Upper bounds in seconds, spread as Seldon's."""
_UNKNOWN = "NOT_IMPLEMENTED"
Labels = tuple[tuple[str, str], ...]


class Counted(NamedTuple):
    """What one process counted: counters by name and labels; predictions by bucket, and their seconds."""

    counters: dict[tuple[str, Labels], float]
    buckets: list[int]
    seconds: float


class Metrics:
    """Counters, and the time that predictions take, from every protocol.

    constants: name, labels and value of gauges that never change
    sources: by name, what gives the value of a counter that is counted elsewhere
    others: gives what the other processes of this server counted
    """

    def __init__(self) -> None:
        self.constants: list[tuple[str, dict[str, str], float]] = []
        self.sources: dict[str, Callable[[], float]] = {}
        self.others: Callable[[], Iterable[Counted]] = tuple
        self._lock = Lock()
        self._counters: dict[tuple[str, Labels], float] = defaultdict(float)
        self._buckets, self._seconds = [0] * (len(BUCKETS) + 1), 0.0

    def answer(self, counters: Iterable[tuple[str, Mapping[str, str], float]], seconds: float) -> None:
        """Count an answer: name, labels and increment of counters, and the seconds it took."""
        bucket = bisect_left(BUCKETS, seconds)
        with self._lock:
            self._add(counters)
            self._buckets[bucket] += 1
            self._seconds += seconds

    def declare(self, counters: Iterable[tuple[str, Mapping[str, str], float]]) -> None:
        """Show counters before an answer has them: Prometheus sees no increase of what was not there."""
        with self._lock:
            self._add((name, labels, 0) for name, labels, _ in counters)

    def _add(self, counters: Iterable[tuple[str, Mapping[str, str], float]]) -> None:
        for name, labels, value in counters:
            self._counters[name, (*labels.items(), ("method", "predict"))] += value

    def request(self, status: int, count: int = 1) -> None:
        """Count an answer over HTTP by its status, whichever protocol it is of; 0 shows the counter."""
        with self._lock:
            self._counters["model_requests", (("code", str(status)),)] += count

    def reward(self, reward: float) -> None:
        """Count feedback with its reward; one of 0 says nothing, as Seldon has it."""
        if not reward:
            return
        method = (("method", "feedback"),)
        with self._lock:
            self._counters["seldon_api_model_feedback", method] += 1
            self._counters["seldon_api_model_feedback_reward", method] += reward

    def counted(self) -> Counted:
        """What this process counted until now."""
        with self._lock:
            counters, buckets, seconds = dict(self._counters), list(self._buckets), self._seconds
        return Counted(
            counters | {(name, ()): value() for name, value in self.sources.items()}, buckets, seconds
        )

    def text(self) -> tuple[bytes, str]:
        """All of it in Prometheus' text format, and that format's Content-Type."""
        from prometheus_client import CollectorRegistry, exposition

        registry = CollectorRegistry()
        registry.register(self)
        return exposition.generate_latest(registry), exposition.CONTENT_TYPE_LATEST

    def collect(self) -> Iterator[Any]:
        """What Prometheus' client asks of a collector."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        counters, buckets, seconds = _sum([self.counted(), *self.others()])
        of_pod = _labels()
        series = [
            (CounterMetricFamily, name, dict(labels), value) for (name, labels), value in counters.items()
        ]
        yield from _families(series, of_pod)
        yield from _families([(GaugeMetricFamily, *gauge) for gauge in self.constants], of_pod)
        if sum(buckets):
            names = ["method", *of_pod]
            family = HistogramMetricFamily("model_prediction_seconds", "", labels=names)
            family.add_metric(["predict", *of_pod.values()], _cumulated(buckets), sum_value=seconds)
            yield family


def _families(
    series: Iterable[tuple[Callable[..., Any], str, dict[str, str], float]], of_pod: Mapping[str, str]
) -> Iterable[Any]:
    """Of each name one, as the format asks; series of a name have the same labels."""
    families: dict[str, Any] = {}
    for kind, name, labels, value in series:
        family = families.setdefault(name, kind(name, "", labels=[*labels, *of_pod]))
        family.add_metric([*labels.values(), *of_pod.values()], value)
    return families.values()


def _sum(of_all: Iterable[Counted]) -> Counted:
    counters: dict[tuple[str, Labels], float] = defaultdict(float)
    buckets, seconds = [0] * (len(BUCKETS) + 1), 0.0
    for each in of_all:
        for key, value in each.counters.items():
            counters[key] += value
        buckets = [one + more for one, more in zip(buckets, each.buckets, strict=True)]
        seconds += each.seconds
    return Counted(counters, buckets, seconds)


def _cumulated(buckets: list[int]) -> list[tuple[str, int]]:
    total, found = 0, []
    for bound, count in zip([*map(repr, BUCKETS), "+Inf"], buckets, strict=True):
        total += count
        found.append((bound, total))
    return found


def _labels() -> dict[str, str]:
    """Which deployment, predictor and image this is, as Seldon's operator tells it."""
    image, _, version = os.environ.get("PREDICTIVE_UNIT_IMAGE", f"{_UNKNOWN}:{_UNKNOWN}").rpartition(":")
    deployment = os.environ.get("SELDON_DEPLOYMENT_ID", _UNKNOWN)
    predictor = json.loads(os.environ.get("PREDICTOR_LABELS", "{}")).get("version", _UNKNOWN)
    return {
        "deployment_name": deployment,
        "model_name": os.environ.get("PREDICTIVE_UNIT_ID", _UNKNOWN),
        "model_image": image,
        "model_version": version,
        "predictor_name": os.environ.get("PREDICTOR_ID", _UNKNOWN),
        "predictor_version": predictor,
        "seldon_deployment_name": deployment,
        "image_name": image,
        "image_version": version,
        "worker_id": str(os.getpid()),  # the first process's, of the sum of all
    }
