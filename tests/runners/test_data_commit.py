"""What a commit starts: a worker's program between a pachd and an API server, both real over the wire."""

import os
import threading
import time

import pytest
import yaml
from pachyderm_sdk.api import pfs

from pylib.errors import ConfigurationError, PipelineError
from pylib.provenance.materials import ROOT
from pylib.runners import data_commit
from pylib.store.opening import open_store
from tests.runners import kubernetes_server, pachyderm_server

CRON_JOB = yaml.safe_load((ROOT / "cluster-conf/retrain/base/cronjob.yaml").read_text())
PREFIX = "/apis/batch/v1/namespaces/ml"


@pytest.fixture
def server(tmp_path, monkeypatch):
    with kubernetes_server.serving(tmp_path, monkeypatch) as made:
        made.put("cronjobs", {**CRON_JOB, "metadata": {**CRON_JOB["metadata"], "namespace": "ml"}})
        yield made


@pytest.fixture
def store(monkeypatch):
    with pachyderm_server.serving() as (_held, address):
        monkeypatch.setenv("PACHD_ADDRESS", address)
        yield open_store(f"pachd://{address}")


def branch():
    return pfs.Branch(
        repo=pfs.Repo(name="images", type="user", project=pfs.Project(name="default")), name="master"
    )


def commit(store, name):
    return store.commit("images", {f"images/{name}.png": name.encode()}, mode="add").id


def worker(commit_id):
    """The environment in which Pachyderm 2.12 starts a user's code: src/server/worker/driver, UserCodeEnv."""
    return {
        **os.environ,
        "PACH_IN_WORKER": "true",
        "images": "/pfs/images",
        "images_COMMIT": commit_id,
        "PACH_DATUM_ID": "0" * 64,
        "PACH_JOB_ID": commit_id,
        "PACH_OUTPUT_COMMIT_ID": commit_id,
    }


def start(commit_id, heard=None):
    said = (heard if heard is not None else []).append
    return data_commit.start(
        "images@master", worker(commit_id), namespace="ml", listen=said, poll_seconds=0.02
    )


def ending(server, kind="Complete", message=""):
    """The Job controller's part: ends the first Job that appears."""

    def work():
        while not (jobs := server.find("jobs")):
            time.sleep(0.02)
        server.end(jobs[0]["metadata"]["name"], kind, message)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_the_newest_commit_starts_the_cron_jobs_own_pod_and_is_waited_for(server, store):
    newest = commit(store, "a")
    thread = ending(server)
    assert start(newest) == f"retrain-{newest}"
    thread.join()
    (job,) = server.find("jobs")
    assert job["spec"] == CRON_JOB["spec"]["jobTemplate"]["spec"]
    (owner,) = job["metadata"]["ownerReferences"]
    (cron_job,) = server.find("cronjobs")
    assert (owner["kind"], owner["uid"], owner["controller"]) == (
        "CronJob",
        cron_job["metadata"]["uid"],
        True,
    )
    assert job["metadata"]["annotations"]["pylib/data-commit"] == f"images@{newest}"


def test_of_a_burst_only_the_newest_is_trained(server, store):
    commits = [commit(store, name) for name in "abc"]
    heard = []
    assert [start(each, heard) for each in commits[:2]] == [None, None]
    assert heard[0] == f"images@{commits[0]} was followed by {commits[2]}, which is trained in its place"
    assert server.find("jobs") == []
    thread = ending(server)
    assert start(commits[2]) == f"retrain-{commits[2]}"
    thread.join()


def test_a_commit_that_is_still_open_makes_no_other_superfluous(server, store):
    newest = commit(store, "a")
    pachd = store._pachd.pfs
    pachd.start_commit(branch=branch())
    thread = ending(server)
    assert start(newest) == f"retrain-{newest}"  # the open one may be dropped, and then nothing would follow
    thread.join()


def test_a_worker_that_was_started_anew_finds_its_job(server, store):
    newest = commit(store, "a")
    thread = ending(server)
    start(newest)
    thread.join()
    heard = []
    assert start(newest, heard) == f"retrain-{newest}"
    assert heard == [f"Job ml/retrain-{newest} is there already"]
    assert len(server.find("jobs")) == 1


def test_a_failed_training_fails_the_datum_and_says_where_to_look(server, store):
    newest = commit(store, "a")
    thread = ending(server, "Failed", "Job has reached the specified backoff limit")
    with pytest.raises(PipelineError, match=rf"kubectl logs -n ml job/retrain-{newest}") as error:
        start(newest)
    thread.join()
    assert "backoff limit" in str(error.value)
    assert "\n" not in str(error.value)


def test_what_comes_and_goes_while_it_waits_is_waited_out(server, store):
    newest = commit(store, "a")
    server.broken = [None, None, 500, 503, 429]
    thread = ending(server)
    assert start(newest) == f"retrain-{newest}"
    thread.join()


def test_a_job_that_somebody_removed_ends_the_wait(server, store):
    newest = commit(store, "a")

    def remove():
        while not server.find("jobs"):
            time.sleep(0.02)
        with server.lock:
            del server.objects["jobs", "ml", f"retrain-{newest}"]

    thread = threading.Thread(target=remove)
    thread.start()
    with pytest.raises(PipelineError, match="was removed before it ended"):
        start(newest)
    thread.join()


@pytest.mark.parametrize(
    ("allowed", "what"),
    [
        (set(), 'cronjobs.batch "retrain" is forbidden'),
        ({("get", "cronjobs")}, "jobs.batch is forbidden"),
        ({("get", "cronjobs"), ("create", "jobs")}, 'jobs.batch "retrain-'),
    ],
)
def test_a_missing_right_is_one_line_at_once(server, store, allowed, what):
    server.allowed = allowed
    newest = commit(store, "a")
    with pytest.raises(PipelineError, match="403 ") as error:
        start(newest)
    assert what in str(error.value)
    assert "\n" not in str(error.value)


def test_without_the_cron_job_the_line_says_what_brings_it(server, store):
    server.objects.clear()
    with pytest.raises(PipelineError, match="no CronJob ml/retrain; it comes with cluster-conf/retrain"):
        start(commit(store, "a"))


def test_a_commit_that_holds_nothing_trains_nothing(server, store):
    store.create_repository("images")
    pachd = store._pachd.pfs
    opened = pachd.start_commit(branch=branch())
    pachd.finish_commit(commit=opened)
    heard = []
    assert start(opened.id, heard) is None
    assert heard == [f"images@{opened.id} holds no file"]
    assert server.calls == []


def test_outside_of_a_worker_it_says_where_it_belongs():
    with pytest.raises(ConfigurationError, match="images_COMMIT is not set: this runs in the worker"):
        data_commit.start("images@master", {}, namespace="ml", listen=[].append)


def test_it_makes_the_calls_that_it_may_make_and_no_other(server, store):
    newest = commit(store, "a")
    thread = ending(server)
    start(newest)
    thread.join()
    assert set(server.calls) == {
        ("GET", f"{PREFIX}/cronjobs/retrain"),
        ("POST", f"{PREFIX}/jobs"),
        ("GET", f"{PREFIX}/jobs/retrain-{newest}"),
    }
