"""How many processes and threads a server has: by its pod's limits, or as it is told."""

from pathlib import Path

import pytest

from pylib.serving import options, processors


@pytest.mark.parametrize(
    ("told", "processors_", "gigabytes", "expected"),
    [
        ({}, 1, 2, (1, 1)),
        ({}, 2, 1.5, (2, 1)),
        ({}, 2, 0.5, (1, 3)),
        ({}, 2, 0.25, (1, 3)),
        ({}, 4, 1.5, (2, 3)),
        ({}, 4, 2.0, (3, 3)),
        ({}, 64, 256, (4, 17)),
        ({"SERVING_THREADS": "1"}, 2, 4, (1, 1)),
        ({"SERVING_THREADS": "7"}, 2, 4, (1, 7)),
        ({"SERVING_THREADS": "6"}, 2, 4, (2, 3)),
        ({"SERVING_PROCESSES": "1"}, 2, 4, (1, 3)),
        ({"SERVING_PROCESSES": "8", "SERVING_THREADS": "8"}, 2, 4, (8, 1)),
        ({"GUNICORN_WORKERS": "3", "SERVING_THREADS": "0"}, 2, 4, (3, 1)),
    ],
)
def test_processes_and_threads_suit_the_pods_limits_unless_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, str],
    processors_: int,
    gigabytes: float,
    expected: tuple[int, int],
) -> None:
    for name in ("SERVING_PROCESSES", "GUNICORN_WORKERS", "SERVING_THREADS"):
        monkeypatch.setenv(name, told.get(name, ""))
    monkeypatch.setattr(processors, "available", lambda: processors_)
    monkeypatch.setattr(processors, "memory", lambda: int(gigabytes * 2**30))
    found = options.options("", Path("none"))
    assert (found.processes, found.threads) == expected
