"""Which of several predictors answers a request: the table of a split, and the choice, as Istio makes it.

A shadow gets a copy of what the chosen one is asked; its answers are thrown away.
"""

import json
import random
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Full, Queue

from pylib.atomic import write_file

FILE = "split.json"
_COPIES, _SENDERS = 64, 4
_KEPT = ("feedback", "Feedback")
"""The ends of paths and methods by which a server is told what to keep: copied, it would be kept twice."""


@dataclass(frozen=True)
class Backend:
    """A predictor's server, in its folder: its name and its ports of 127.0.0.1.

    traffic: its part of the requests, per cent; 0 is a shadow's
    """

    name: str
    traffic: int
    http: int
    grpc: int
    folder: str


def write(file: Path, backends: list[Backend]) -> None:
    """Write the table: requests that come from then on go by it."""
    write_file(file, json.dumps([asdict(backend) for backend in backends], indent=2))


def read(file: Path) -> list[Backend]:
    """Read the table; none where there is none."""
    try:
        return [Backend(**entry) for entry in json.loads(file.read_bytes())]
    except FileNotFoundError:
        return []


class Split:
    """The table in a file, read again when it was replaced, and a choice for each request."""

    def __init__(self, file: Path, chance: random.Random | None = None) -> None:
        self._file = file
        self._chance = chance or random.Random()  # noqa: S311  (no secret)
        self._state: tuple[tuple[int, int], list[Backend]] = ((0, 0), [])

    def choose(self, path: str) -> tuple[Backend, Backend | None]:
        """Who answers a request of that path or method, and the shadow that gets a copy of it."""
        backends = self._backends()
        kept = path.partition("?")[0].rstrip("/").endswith(_KEPT)
        shadow = next((each for each in backends if each.traffic == 0 and not kept), None)
        answering = [each for each in backends if each.traffic]
        return self._chance.choices(answering, [each.traffic for each in answering])[0], shadow

    def _backends(self) -> list[Backend]:
        found = self._file.stat()
        seen = (found.st_ino, found.st_mtime_ns)
        if seen != self._state[0]:
            self._state = (seen, read(self._file))
        return self._state[1]


class Copies:
    """Sends copies to a shadow beside the requests: what it cannot take at once is dropped."""

    def __init__(self) -> None:
        self._waiting: Queue[Callable[[], object]] = Queue(_COPIES)
        for number in range(_SENDERS):
            threading.Thread(target=self._send, daemon=True, name=f"copies {number}").start()

    def put(self, send: Callable[[], object]) -> None:
        """Have a copy sent, by a function that sends it; never waits, and never raises."""
        try:
            self._waiting.put_nowait(send)
        except Full:
            print("a copy for the shadow was dropped: it is slower than the requests come", flush=True)  # noqa: T201

    def _send(self) -> None:
        while True:
            send = self._waiting.get()
            try:
                send()
            except Exception as error:  # noqa: BLE001  (whatever a shadow does is nobody's trouble)
                print(f"a copy for the shadow: {type(error).__name__}: {error}", flush=True)  # noqa: T201
