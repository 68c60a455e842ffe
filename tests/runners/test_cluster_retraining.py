"""Never two retrainings at once, whoever starts them, between an API server and a Kubeflow Pipelines."""

import threading
import time

import pytest

from pylib.errors import PipelineError
from pylib.runners import cluster_retraining
from tests.runners import kubernetes_server, pipelines_server

DATA = "images@" + "a" * 64


@pytest.fixture
def server(tmp_path, monkeypatch):
    with kubernetes_server.serving(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def pipelines(monkeypatch, tmp_path):
    with pipelines_server.serving(monkeypatch, tmp_path) as made:
        yield made


def run(holder, data=lambda: DATA, heard=None, **more):
    told = (heard if heard is not None else []).append
    return cluster_retraining.run(
        "segmentation",
        lambda: {"data": data()},
        namespace="ml",
        holder=holder,
        listen=lambda _task, said: told(said),
        poll_seconds=0.05,
        **{"lease_seconds": 1.2, **more},
    )


def test_it_is_submitted_to_its_own_experiment_and_followed(server, pipelines):
    assert run("weekly").state == "SUCCEEDED"
    assert [each["display_name"] for each in pipelines.experiments] == ["retrain"]
    (lease,) = server.find("leases")
    assert "holderIdentity" not in lease["spec"]


def test_weekly_two_commits_and_a_person_come_at_once_and_run_one_after_another(server, pipelines):
    names = ["weekly", "commit-1", "commit-2", "by-hand"]
    ended = []
    threads = [threading.Thread(target=lambda name=name: ended.append(run(name).id)) for name in names]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(ended) == ["r1", "r2", "r3", "r4"]
    assert pipelines.most == 1


def test_a_run_whose_follower_died_is_waited_for(server, pipelines):
    orphan = pipelines.submit(pipelines.experiment("retrain")["experiment_id"], DATA, lasts=1)
    heard = []
    assert run("next", heard=heard).state == "SUCCEEDED"
    assert heard[0] == f"waiting for run {orphan['run_id']} to end"
    assert pipelines.most == 1


def test_a_run_that_goes_on_is_found_on_any_page(server, pipelines):
    experiment = pipelines.experiment("retrain")["experiment_id"]
    orphan = pipelines.submit(experiment, DATA, lasts=1.5)
    for _ in range(5):
        pipelines.runs.append({**orphan, "run_id": f"r{len(pipelines.runs) + 1}", "lasts": 0})
    pipelines.runs.append(pipelines.runs.pop(0))
    heard = []
    run("next", heard=heard)
    assert heard[0] == f"waiting for run {orphan['run_id']} to end"


def test_what_people_try_does_not_hold_it_up(server, pipelines):
    pipelines.submit(pipelines.experiment("segmentation")["experiment_id"], DATA, lasts=60)
    heard = []
    run("weekly", heard=heard)
    assert not [said for said in heard if "waiting" in said]


def test_what_was_committed_while_it_waited_is_trained(server, pipelines):
    head = [DATA]
    pipelines.submit(pipelines.experiment("retrain")["experiment_id"], DATA, lasts=0.6)
    thread = threading.Thread(target=lambda: run("commit", lambda: head[0]))
    thread.start()
    time.sleep(0.3)
    head[0] = newer = "images@" + "b" * 64
    thread.join()
    assert [each["data"] for each in pipelines.runs] == [DATA, newer]


def test_a_run_that_never_ends_ends_the_wait_and_nothing_is_submitted(server, pipelines):
    pipelines.submit(pipelines.experiment("retrain")["experiment_id"], DATA, lasts=60)
    with pytest.raises(PipelineError, match=r"not started in time: waiting for run r1") as error:
        run("next", hours=0.3 / 3600)
    assert "\n" not in str(error.value)
    assert len(pipelines.runs) == 1


def test_pipelines_that_are_away_for_a_moment_are_waited_for(server, pipelines):
    pipelines.submit(pipelines.experiment("retrain")["experiment_id"], DATA, lasts=0.6)
    heard = []
    thread = threading.Thread(target=lambda: run("weekly", heard=heard))
    thread.start()
    while not heard:
        time.sleep(0.02)
    pipelines.down = True
    time.sleep(1)
    assert len(pipelines.runs) == 1
    pipelines.down = False
    thread.join()
    assert len(pipelines.runs) == 2
    assert "answered 503" in heard[1]


def test_pipelines_that_never_answered_end_it_at_once(server, pipelines):
    pipelines.down = True
    with pytest.raises(PipelineError, match="answered 503") as error:
        run("weekly")
    assert "\n" not in str(error.value)
    (lease,) = server.find("leases")
    assert "holderIdentity" not in lease["spec"]


def test_who_lost_the_turn_submits_nothing(server, pipelines):
    def stolen():
        (lease,) = server.find("leases")
        server.put("leases", {**lease, "spec": {**lease["spec"], "holderIdentity": "other"}})
        time.sleep(1.2)
        return DATA

    with pytest.raises(PipelineError, match="lost to other; nothing was started"):
        run("paused", stolen)
    assert pipelines.runs == []
