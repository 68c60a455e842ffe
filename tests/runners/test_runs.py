"""Runs of this machine, looked at while they go on and afterwards."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pylib.errors import PipelineError
from pylib.runners import local
from pylib.runners.runs import count, figures, last_lines, local_run, local_runs, report
from tests.runners.test_local import one_fails, side_by_side

KILLED = """
import sys, time
from pathlib import Path
from pylib.runners.run_record import recorded
from pylib.runners.step_logs import StepLogs
folder = Path(sys.argv[1])
steps = StepLogs(folder / "logs", lambda step, line: None)
with recorded(folder, "segmentation", {}, steps.steps, steps.listen) as steps.listen:
    with steps.step("train", "train"):
        print("begun", flush=True)
        time.sleep(600)
"""


def test_a_run_is_followed_while_it_goes_on_and_read_when_it_has_ended(tmp_path):
    seen = []

    def look(step, line):
        (run,) = local_runs(tmp_path)
        seen.append((run.record.state, step.name, {each.name: each.state for each in run.record.steps}))

    local.execute(side_by_side, {"last": "six"}, tmp_path, look)
    assert {state for state, _, _ in seen} == {"running"}
    assert all(name in steps for _, name, steps in seen)
    (run,) = local_runs(tmp_path)
    assert (run.record.pipeline, run.record.state, run.record.arguments) == (
        "side-by-side",
        "succeeded",
        {"last": "six"},
    )
    assert {each.title for each in run.record.steps} == {
        "speak one",
        "speak two",
        "speak three",
        "speak-2",
        "gather",
    }
    assert {each.state for each in run.record.steps} == {"succeeded"}
    assert run.record.seconds >= max(each.seconds for each in run.record.steps)
    last = next(each for each in run.record.steps if each.name == "speak-2")
    assert last_lines(run, last, 3)[:2] == ["six 18", "six 19"]
    assert figures(run.folder) == {}


def test_a_run_that_failed_says_why(tmp_path):
    with pytest.raises(PipelineError):
        local.execute(one_fails, {}, tmp_path, lambda _step, _line: None)
    (run,) = local_runs(tmp_path)
    assert run.record.state == "failed"
    assert "three is one too many" in run.record.error
    assert "failed" in {each.state for each in run.record.steps}


def test_a_run_that_was_killed_does_not_go_on_for_ever(tmp_path):
    folder = tmp_path / "segmentation-20260101-000000-000000"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", KILLED, folder], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "begun\n"
        assert local_run(tmp_path, folder.name).record.state == "running"
        os.kill(run.pid, signal.SIGKILL)
    record = local_run(tmp_path, folder.name).record
    assert (record.state, [step.state for step in record.steps]) == ("killed", ["killed"])


def test_the_newest_comes_first_whatever_the_pipeline_is_called_and_pages_follow(tmp_path):
    for name in ("b-20260101-000000-000000", "a-b-20260102-000000-000000", "a-20260103-000000-000001"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes").mkdir()
    assert count(tmp_path) == 3
    found = local_runs(tmp_path, limit=2) + local_runs(tmp_path, skip=2, limit=2)
    assert [(run.record.pipeline, run.record.state) for run in found] == [
        ("a", "unknown"),
        ("a-b", "unknown"),
        ("b", "unknown"),
    ]


@pytest.mark.parametrize("name", ["..", "../outside", "notes", "", "b-20260101-000000-000000/../.."])
def test_a_name_is_never_a_path(tmp_path, name):
    (tmp_path / "runs" / "b-20260101-000000-000000").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    assert local_run(tmp_path / "runs", name) is None


def test_reports_are_those_that_a_run_made(tmp_path):
    folder = tmp_path / "b-20260101-000000-000000"
    page = folder / "1" / "evaluate" / "evaluation" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("report")
    (run,) = local_runs(tmp_path)
    assert report(run, "evaluation") == page
    assert report(run, "notebook") is None
    assert report(run, "../secrets") is None


def test_where_nothing_ran_there_are_no_runs():
    assert (local_runs(Path("/nowhere")), count(Path("/nowhere"))) == ([], 0)
