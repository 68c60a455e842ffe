"""What a model server is started with: environment and annotations that Seldon's operator gives a pod."""

import math
import os
import re
from pathlib import Path
from typing import NamedTuple

from pylib.errors import ServingError, did_you_mean
from pylib.serving import processors
from pylib.serving.limits import Limits, limits

ANNOTATIONS = "/etc/podinfo/annotations"
PROTOCOLS = ("seldon", "open-inference", "tensorflow-serving")
_MOST_PROCESSES = 4  # what more threads in one of them would give up to Python's lock is little
_PROCESS_BYTES = 640 * 2**20  # of the memory limit, for each: with the largest picture it has 560 MiB


class Options(NamedTuple):
    """What a server is started with.

    threads: of each process; limits: of all processes together
    """

    host: str
    http_port: int
    grpc_port: int
    metrics_port: int
    metrics_path: str
    processes: int
    threads: int
    protocols: tuple[str, ...]
    limits: Limits


def options(host: str, annotations: Path) -> Options:
    """What the environment and the pod's annotations say. Raises ServingError."""
    port = {
        name: int(os.environ.get(f"PREDICTIVE_UNIT_{name}_SERVICE_PORT", d)) for name, d in _PORTS.items()
    }
    asked = [name.strip() for name in os.environ.get("SERVING_PROTOCOLS", ",".join(PROTOCOLS)).split(",")]
    for name in asked:
        if name not in PROTOCOLS:
            hint = did_you_mean(name, PROTOCOLS) or f"there are {', '.join(PROTOCOLS)}"
            raise ServingError(f"SERVING_PROTOCOLS names {name!r}: {hint}")
    return Options(
        host, port["HTTP"], port["GRPC"], port["METRICS"],
        os.environ.get("PREDICTIVE_UNIT_METRICS_ENDPOINT", "/prometheus"),
        *_workers(), tuple(asked), limits(_read_annotations(annotations)),
    )  # fmt: skip


_PORTS = {"HTTP": 9000, "GRPC": 9500, "METRICS": 6000}


def _workers() -> tuple[int, int]:
    """How many processes, and threads in each.

    `SERVING_PROCESSES`, for which Seldon's own name is `GUNICORN_WORKERS`, and `SERVING_THREADS`, of all of
    them. By default a process of one thread for each processor of the CPU limit: two in one process wait for
    each other's Python, and empty each other's cache. Where memory does not go so far, or there are very many
    processors, each process has a thread for each that falls to it and one more.
    """
    threads, cpus = _number("SERVING_THREADS"), processors.available()
    most = max(1, min(_MOST_PROCESSES, cpus, processors.memory() // _PROCESS_BYTES))
    processes = _number("SERVING_PROCESSES") or _number("GUNICORN_WORKERS") or most
    if not threads:
        return processes, 1 if cpus <= processes else math.ceil(cpus / processes) + 1
    while threads % processes:  # as many as it was told, and in each the same
        processes -= 1
    return processes, threads // processes


def _number(name: str) -> int:
    given = os.environ.get(name) or "0"
    if not given.isdecimal():
        raise ServingError(f"{name} is {given!r}: give a number, or 0 for what suits the CPU limit")
    return int(given)


def _read_annotations(path: Path) -> dict[str, str]:
    """Lines of `name="value"`, as Kubernetes' downward API writes them; none where there is no such file."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return dict(re.findall(r'^\s*([^=\s]+)\s*=\s*"(.*)"\s*$', text, re.MULTILINE))
