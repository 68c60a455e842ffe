"""Commits of what was accepted, each made by `pylib review commit` in a process of its own.

So the page commits through the very checks that a terminal does, its requests wait for none of them, and a
commit that takes too long is killed: one that was killed has committed all or nothing.
"""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pylib.errors import one_line
from pylib.settings import Settings
from pylib.web.limits import COMMIT_SECONDS

_KEPT = 50


@dataclass
class Commit:
    """One that was asked for: into which data set, why, by whom, and the kinds that are answered for.

    began: nanoseconds since 1970; ended: whether it has; made: what `pylib review commit --json` said of it;
    error: why there is none, in a line
    """

    repository: str
    message: str
    by: str
    allowed: list[str]
    report: Path
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    began: int = field(default_factory=time.time_ns)
    ended: bool = False
    made: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def seconds(self) -> float:
        """Since it was asked for."""
        return (time.time_ns() - self.began) / 1e9


class Commits:
    """The commits that one page was asked for, one at a time into a data set; threads may share it."""

    def __init__(self, place: Settings, limit: float = COMMIT_SECONDS) -> None:
        self._place, self._limit = place, limit
        self._turn = threading.Lock()
        self._all: dict[str, Commit] = {}

    def start(self, repository: str, *, message: str, by: str, allowed: Sequence[str]) -> Commit:
        """Begin one; where one goes on for that data set already, that is returned."""
        with self._turn:
            for each in self._all.values():
                if each.repository == repository and not each.ended:
                    return each
            report = self._place.output / "reports" / "review" / repository
            asked = Commit(repository, message, by, list(allowed), report)
            self._all[asked.id] = asked
            for old in list(self._all)[:-_KEPT]:
                del self._all[old]
        threading.Thread(target=self._run, args=(asked,), name="commit", daemon=True).start()
        return asked

    def find(self, commit_id: str) -> Commit | None:
        """The one of that id; None where this page, since its start, was asked for none such."""
        return self._all.get(commit_id)

    def _run(self, asked: Commit) -> None:
        try:
            done = subprocess.run(
                _command(asked),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self._limit,
                check=False,
            )
            if done.returncode == 0:
                asked.made = json.loads(done.stdout.splitlines()[-1])
            else:
                asked.error = _last_line(done.stderr) or f"it ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            what = f"it was not done after {self._limit:.0f} s and was ended"
            asked.error = f"{what}: `pylib review commit {asked.repository}` has no such limit"
        except (OSError, ValueError, IndexError) as error:
            asked.error = one_line(error)
        finally:
            asked.ended = True

    def _environment(self) -> dict[str, str]:
        place = self._place
        return {
            **os.environ,
            "PYLIB_OUTPUT": str(place.output),
            "PYLIB_STORE": place.store,
            "PYLIB_ARTIFACTS": place.artifacts,
            "PYLIB_INBOX": place.inbox,
            "PYLIB_PREDICTIONS": place.predictions,
        }


def _command(asked: Commit) -> list[str]:
    told = [f"--message={asked.message}", f"--by={asked.by}", f"--report={asked.report}", "--json"]
    kinds = [f"--allow={kind}" for kind in asked.allowed]
    start = [sys.executable, "-c", "from pylib.cli import main; main()"]
    return [*start, "review", "commit", *told, *kinds, "--", asked.repository]


def _last_line(said: str) -> str:
    return next((line.removeprefix("error: ") for line in reversed(said.splitlines()) if line.strip()), "")
