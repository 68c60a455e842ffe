import pytest

from pylib.errors import PipelineError
from pylib.workflows import cluster

DATA = "sample@" + "a" * 64


def submit(**kwargs):
    return cluster.run("segmentation", {"data": DATA}, poll_seconds=0.01, **kwargs)


def test_a_run_is_submitted_as_compiled_and_followed_to_its_end(api):
    heard = []
    finished = submit(listen=lambda task, state: heard.append((task, state)))
    assert finished == cluster.ClusterRun("r1", f"{api.url}/#/runs/details/r1", "SUCCEEDED")
    assert heard == [("train", "RUNNING"), ("train", "SUCCEEDED")]
    (_path, body), *more = [(p, b) for p, b in api.requests if "runs" in p]
    assert not more
    assert body["runtime_config"]["parameters"] == {"data": DATA}
    assert set(body["pipeline_spec"]["pipeline_spec"]["root"]["dag"]["tasks"]) == {
        "prepare", "train", "evaluate", "release",
    }  # fmt: skip


def test_a_failed_run_names_the_step(api):
    api.states = ["RUNNING", "FAILED"]
    with pytest.raises(
        PipelineError, match=r"run r1 failed in train: http://127.0.0.1:\d+/#/runs/details/r1"
    ):
        submit()


def test_a_run_that_does_not_end_is_left_alone(api):
    api.states = ["RUNNING"]
    with pytest.raises(PipelineError, match="not finished in time; it goes on at"):
        submit(hours=0.1 / 3600)


@pytest.mark.parametrize("way", ["variable", "mounted"])
def test_a_token_is_sent(api, way, monkeypatch, tmp_path):
    api.token = "secret"
    if way == "variable":
        monkeypatch.setenv("KF_PIPELINES_TOKEN", "secret")
    else:
        (tmp_path / "token").write_text("secret")
        monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    assert submit().state == "SUCCEEDED"


def test_being_refused_is_one_line_that_names_the_token(api):
    api.token = "secret"
    with pytest.raises(PipelineError, match=r"answered 401 .*KF_PIPELINES_TOKEN") as error:
        submit()
    assert "\n" not in str(error.value)


def test_nobody_there_is_one_line_that_names_the_address(monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", "/nonexistent")
    with pytest.raises(PipelineError, match=r"http://127\.0\.0\.1:9.*set KF_PIPELINES_ENDPOINT") as error:
        submit()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "'data' is required"),
        ({"data": DATA, "epoch": 3}, "no parameter 'epoch'; it has: data, weights"),
    ],
)
def test_wrong_parameters_never_leave_this_machine(api, arguments, reason):
    with pytest.raises(PipelineError, match=reason):
        cluster.run("segmentation", arguments)
    assert api.requests == []
