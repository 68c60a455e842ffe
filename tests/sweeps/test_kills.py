"""A search that is killed at any moment, and its trials too: it repeats nothing, and finds the same."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pylib.sweeps.attempt import completed
from pylib.sweeps.state import State
from tests.signals import unignored
from tests.sweeps.trials import Place, told

KILLS = 20
RUNNER = """
import os, sys
from pathlib import Path
from pylib.sweeps import search
from pylib.sweeps.reading import read
search.run(read(Path(sys.argv[1])), Path(sys.argv[2]), os.environ, lambda *_: None)
"""
ALGORITHM = {"algorithmName": "tpe", "algorithmSettings": [{"name": "random_state", "value": "5"}]}


def runner(place: Place) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", RUNNER, str(place.file), str(place.state)]
    return subprocess.Popen(command, preexec_fn=unignored)  # noqa: PLW1509


def a_trials_process(place: Place) -> int | None:
    """The shell of a trial that runs."""
    for each in sorted(place.state.glob("trials/*/attempt-*/pid"), reverse=True):
        number = int(each.read_text() or 0)
        if number and Path(f"/proc/{number}").exists():
            return number
    return None


def is_alive(stat: Path) -> bool:
    """Whether a process is there, and not merely waits to be collected."""
    try:
        return not stat.read_text().rpartition(") ")[2].startswith("Z")
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_twenty_kills_change_nothing(seed: int, tmp_path: Path) -> None:
    words, spec = ("pause=0.4",), {"algorithm": ALGORITHM, "job": {"backoffLimit": KILLS}}
    undisturbed = Place(tmp_path / "undisturbed", **spec).search()
    place, draw = Place(tmp_path / "killed", *words, **spec), random.Random(seed)
    running, kills = runner(place), 0
    while kills < KILLS and running.poll() is None:
        time.sleep(draw.uniform(0.05, 0.7))
        if draw.random() < 0.5:
            running.kill()
            running.wait()
            running = runner(place)
            kills += 1
        elif pid := a_trials_process(place):
            os.killpg(pid, signal.SIGKILL)
            kills += 1
    assert running.wait() == 0
    assert kills == KILLS
    trials = State(place.state / "state.sqlite").trials()
    assert len(trials) == 8
    assert [dict(each.assignments) for each in trials] == [each.assignments for each in undisturbed.trials]
    assert len(set(place.done())) == 8
    for each in trials:
        marks = [completed(folder) for folder in sorted(place.state.glob(f"trials/{each.name}/attempt-*"))]
        assert marks == [False] * (len(marks) - 1) + [True], "a finished trial was run again"
    found = place.search()
    assert told(found) == told(undisturbed)
    assert [each.reported for each in found.trials] == [each.reported for each in undisturbed.trials]
    assert found.best
    assert undisturbed.best
    assert found.best.assignments == undisturbed.best.assignments
    epochs = [line for line in place.ledger.read_text().splitlines() if " epoch " in line]
    assert len(epochs) < 8 * 3 + kills + 1, "a trial began again from nothing"


def test_what_a_killed_search_left_running_is_ended_before_it_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path, "pause=0.4", maxTrialCount=2)
    running = runner(place)
    while (pid := a_trials_process(place)) is None:
        assert running.poll() is None, "it ended before a trial of it was seen"
        time.sleep(0.02)
    running.kill()
    running.wait()
    assert Path(f"/proc/{pid}").exists()
    found = place.search()
    assert len(found.trials) == 2
    assert len(place.done()) == 2
    assert not Path(f"/proc/{pid}").exists()


def test_what_left_its_trials_session_ends_with_the_trial(tmp_path: Path) -> None:
    place = Place(tmp_path, maxTrialCount=1)
    script = f"""
import subprocess
escaped = subprocess.Popen(["sleep", "600"], start_new_session=True, close_fds=False)
open({str(tmp_path / "pid")!r}, "w").write(str(escaped.pid))
print("score=1")
"""
    (tmp_path / "program.py").write_text(script)
    assert [str(each.status) for each in place.search().trials] == ["Succeeded"]
    assert not is_alive(Path("/proc", (tmp_path / "pid").read_text(), "stat"))


def test_a_second_ctrl_c_leaves_no_trial_behind_while_all_are_asked_to_end_at_once(tmp_path: Path) -> None:
    place = Place(tmp_path, parallelTrialCount=2)
    script = f"""
import os, pathlib, signal, time
folder = pathlib.Path({str(tmp_path)!r})
def leave(*_):
    (folder / f"asked-{{os.getpid()}}").touch()
    while not (folder / "leave").exists(): time.sleep(0.01)
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
(folder / f"ready-{{os.getpid()}}").touch()
while True: time.sleep(0.05)  # not one long sleep: what is told just before it begins is heard after it
"""
    (tmp_path / "program.py").write_text(script)
    running = runner(place)
    until = time.monotonic() + 120
    for sign in ("ready", "asked", "asked"):
        while len(list(tmp_path.glob(f"{sign}-*"))) < 2:
            assert running.poll() is None, f"it ended before its trials were {sign}"
            assert time.monotonic() < until
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
    (tmp_path / "leave").touch()
    assert running.wait() != 0
    pids = [each.name.partition("-")[2] for each in tmp_path.glob("asked-*")]
    assert len(pids) == 2
    assert not any(is_alive(Path("/proc", pid, "stat")) for pid in pids)


def test_a_search_that_is_told_to_end_ends_its_trials(tmp_path: Path) -> None:
    place = Place(tmp_path, "pause=0.4")
    running = runner(place)
    while (pid := a_trials_process(place)) is None:
        assert running.poll() is None, "it ended before a trial of it was seen"
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    assert running.wait() != 0
    assert not Path(f"/proc/{pid}").exists()
