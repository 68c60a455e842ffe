"""What a model server counts, for Prometheus, under the names and labels of Seldon's own server.

`seldon_core/metrics.py` in https://github.com/SeldonIO/seldon-core/tree/v1.17.1/python keeps it in a process
of its own for all workers; here the threads of one process add it up under a lock.
"""

import json
import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Any

_DECADES = 4.477121254719663  # from 1 ms to 30 s
BUCKETS = [0.001 * 10 ** (_DECADES * step / 49) for step in range(50)]
"""Upper bounds in seconds, spread as Seldon's."""
_UNKNOWN = "NOT_IMPLEMENTED"
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters, and the time that predictions take, from every protocol."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counters: dict[tuple[str, Labels], float] = defaultdict(float)
        self._buckets, self._seconds = [0] * (len(BUCKETS) + 1), 0.0

    def answer(self, counters: Iterable[tuple[str, Mapping[str, str], float]], seconds: float) -> None:
        """Count an answer: name, labels and increment of counters, and the seconds it took."""
        added = [((n, (*labels.items(), ("method", "predict"))), value) for n, labels, value in counters]
        bucket = bisect_left(BUCKETS, seconds)
        with self._lock:
            for key, value in added:
                self._counters[key] += value
            self._buckets[bucket] += 1
            self._seconds += seconds

    def reward(self, reward: float) -> None:
        """Count feedback with its reward; one of 0 says nothing, as Seldon has it."""
        if not reward:
            return
        method = (("method", "feedback"),)
        with self._lock:
            self._counters["seldon_api_model_feedback", method] += 1
            self._counters["seldon_api_model_feedback_reward", method] += reward

    def text(self) -> tuple[bytes, str]:
        """All of it in Prometheus' text format, and that format's Content-Type."""
        from prometheus_client import CollectorRegistry, exposition

        registry = CollectorRegistry()
        registry.register(self)
        return exposition.generate_latest(registry), exposition.CONTENT_TYPE_LATEST

    def collect(self) -> Iterator[Any]:
        """What Prometheus' client asks of a collector."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        with self._lock:
            counters, buckets, seconds = dict(self._counters), list(self._buckets), self._seconds
        of_pod = _labels()
        for (name, labels), value in counters.items():
            family = CounterMetricFamily(name, "", labels=[*dict(labels), *of_pod])
            family.add_metric([*dict(labels).values(), *of_pod.values()], value)
            yield family
        if sum(buckets):
            names = ["method", *of_pod]
            family = HistogramMetricFamily("model_prediction_seconds", "", labels=names)
            family.add_metric(["predict", *of_pod.values()], _cumulated(buckets), sum_value=seconds)
            yield family


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
        "worker_id": str(os.getpid()),
    }
