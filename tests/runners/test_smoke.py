"""The smoke test on a cluster: patient with what is not up yet, anew, and failed in one line in its time."""

import pytest

from pylib.errors import PipelineError
from pylib.runners import smoke
from tests.runners.pipelines_api import run, task

DATA = {"data": "sklearn-diabetes@" + "a" * 64}


def check(listen=lambda _task, _words: None, minutes=1.0, arguments=lambda: DATA):
    return smoke.run(arguments, namespace="ml", minutes=minutes, listen=listen, poll_seconds=0.01)


@pytest.fixture(autouse=True)
def _token(api, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "good")


def test_it_is_submitted_to_its_own_experiment_with_no_step_from_the_cache(api):
    assert check().state == "SUCCEEDED"
    (submitted,) = api.submitted
    tasks = submitted["pipeline_spec"]["pipeline_spec"]["root"]["dag"]["tasks"]
    assert {name: each["cachingOptions"].get("enableCache", False) for name, each in tasks.items()} == {
        "read-table": False,
        "regress": False,
    }
    assert [each["display_name"] for each in api.experiments] == ["smoke"]


def test_what_does_not_answer_yet_is_asked_again_and_said_once(api):
    heard, tries = [], []

    def not_yet():
        tries.append(1)
        if len(tries) < 4:
            raise PipelineError("pachd is not up")
        return DATA

    assert check(lambda *said: heard.append(said), arguments=not_yet).state == "SUCCEEDED"
    assert heard.count(("smoke", "pachd is not up; tried again")) == 1


def test_what_never_answers_is_one_line_when_the_time_is_over(api):
    api.broken = 10**6
    with pytest.raises(PipelineError, match="no healthy upstream"):
        check(minutes=0.002)
    assert api.submitted == []


def test_a_step_that_no_worker_takes_ends_in_time_and_says_that_the_run_goes_on(api):
    api.looks = [run("RUNNING", task("read-table", "RUNNING", 10, pod="PENDING"))]
    with pytest.raises(PipelineError, match=r"^run r1: not finished in [\d.e-]+ hours.*it goes on: "):
        check(minutes=0.01)


def test_a_run_that_fails_is_a_failure(api):
    api.looks = [run("FAILED", task("read-table", "FAILED", 10, 20), ended=30)]
    with pytest.raises(PipelineError, match=r"^run r1 failed in read-table"):
        check()
