import pytest

from pylib.errors import ConfigurationError, PipelineError
from pylib.runners import cluster, following
from pylib.runners.connection import connect
from pylib.runners.history import facts
from tests.runners.kubectl_stand_in import config
from tests.runners.pipelines_api import NOT_FINISHED, node, run, succeeded, task

DATA = "sample@" + "a" * 64
LABELS = {"pipeline/runid": "r1"}


def pod(name, path, status):
    """A pod of the run, by the path of its node in the workflow."""
    annotations = {"workflows.argoproj.io/node-name": f"segmentation-x7k2p.root.{path}"}
    return {"metadata": {"name": name, "labels": LABELS, "annotations": annotations}, "status": status}


def terminated(**state):
    return {"containerStatuses": [{"name": "main", "state": {"terminated": state}}]}


def workflow(**nodes):
    """The run's workflow with pods as nodes: a path, a phase and a message each."""
    made = {
        name: {"name": f"segmentation-x7k2p.root.{path}", "type": "Pod", "phase": phase, "message": message}
        for name, (path, phase, message) in nodes.items()
    }
    return {"metadata": {"name": "segmentation-x7k2p", "labels": LABELS}, "status": {"nodes": made}}


@pytest.fixture(autouse=True)
def _token(api, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "good")


def submit(**arguments):
    connection = connect()
    return cluster.submit("segmentation", {"data": DATA, **arguments}, connection), connection


def follow(listen=lambda _task, _words: None, **kwargs):
    submitted, connection = submit()
    return following.follow(submitted, connection, listen, poll_seconds=0.01, **kwargs)


def test_a_run_is_submitted_as_compiled_and_followed_to_its_end(api):
    heard = []
    finished = follow(lambda task, words: heard.append((task, words)))
    assert (finished.id, finished.state, finished.namespace) == ("r1", "SUCCEEDED", "ml")
    [body] = api.submitted
    assert body["runtime_config"]["parameters"] == {"data": DATA}
    tasks = {"prepare", "train", "evaluate", "release"}
    assert set(body["pipeline_spec"]["pipeline_spec"]["root"]["dag"]["tasks"]) == tasks
    assert heard[0] == ("prepare", "running")
    assert [task for task, words in heard if words == "succeeded"] == [
        "prepare",
        "train",
        "evaluate",
        "release",
    ]
    assert {task for task, _ in heard} == tasks, "drivers, executors and the run itself are nobody's steps"


def test_what_kubeflow_pipelines_adds_is_the_time_in_which_no_step_was_at_work(api):
    finished = follow()
    assert [(each.name, each.seconds) for each in finished.tasks] == [
        ("prepare", 20), ("train", 20), ("evaluate", 20), ("release", 20),
    ]  # fmt: skip
    assert (finished.seconds, finished.overhead) == (120, 40)


def test_with_kubectl_the_steps_seconds_are_their_containers(api, cluster_kubectl):
    def ran(name, started, ended):
        day = "2026-11-28T10:00:"
        return pod(name, name, terminated(startedAt=f"{day}{started}Z", finishedAt=f"{day}{ended}Z"))

    ran_pods = [
        ran("prepare.executor", 15, 25),
        ran("train-driver", 30, 32),
        ran("train.executor(0)", 40, 58),
    ]
    cluster_kubectl.connected(objects={"pods": ran_pods})
    finished = follow()
    assert [(each.name, each.seconds) for each in finished.tasks] == [
        ("prepare", 10), ("train", 18), ("evaluate", 0), ("release", 0),
    ]  # fmt: skip
    assert facts(finished)["steps"].endswith("train 18 s, evaluate from the cache, release from the cache")
    assert finished.overhead == 120 - 28


def loop(*states):
    """A classification's heads, an item each, side by side; what Argo has around them is no step."""
    around = [node("for-loop-1-driver", "SUCCEEDED", 10, 12), node("for-loop-1", "RUNNING", 12)]
    ends = {"SUCCEEDED": 30, "FAILED": 30}
    heads = [task("fit-head", state, 20, ends.get(state), item=n) for n, state in enumerate(states)]
    return [around, *heads]


def classify(listen=lambda _task, _words: None):
    connection = connect()
    submitted = cluster.submit("classification", {"data": DATA}, connection)
    return following.follow(submitted, connection, listen, poll_seconds=0.01)


def test_each_item_of_a_loop_is_a_step_of_its_own_and_the_loop_is_none(api):
    done = [run("SUCCEEDED", *loop("SUCCEEDED", "SUCCEEDED", "SUCCEEDED"), ended=40)]
    api.looks = [run("RUNNING", *loop("SUCCEEDED", "RUNNING", "RUNNING")), *done]
    heard = []
    finished = classify(lambda task, words: heard.append((task, words)))
    assert [(each.name, each.seconds) for each in finished.tasks] == [("fit-head", 10)] * 3
    assert finished.overhead == 30, "side by side they count once, and their loop does not"
    running, succeeded = ("fit-head", "running"), ("fit-head", "succeeded")
    assert heard == [succeeded, running, running, succeeded, succeeded]


def test_with_kubectl_an_item_has_its_containers_seconds_and_one_from_the_cache_none(api, cluster_kubectl):
    api.looks = [run("SUCCEEDED", *loop("SUCCEEDED", "SUCCEEDED", "SUCCEEDED"), ended=40)]
    day = "2026-11-28T10:00:"
    paths = {"for-loop-1.iteration-item(0:0).fit-head.executor(0)": ("20", "24"),
             "for-loop-1.iteration-item(2:2).fit-head.executor(0)": ("20", "27"),
             "for-loop-1.iteration-item(2:2).fit-head-driver": ("13", "15")}  # fmt: skip
    ran = [
        pod(f"p{n}", path, terminated(startedAt=f"{day}{began}Z", finishedAt=f"{day}{ended}Z"))
        for n, (path, (began, ended)) in enumerate(paths.items())
    ]
    cluster_kubectl.connected(objects={"pods": ran})
    steps = facts(classify())["steps"]
    assert steps == "fit-head 4 s, fit-head 7 s, fit-head from the cache"


def test_one_failed_item_among_those_that_succeeded_is_named_once(api):
    api.looks = [run("FAILED", *loop("FAILED", "SUCCEEDED", "FAILED", "SUCCEEDED"), ended=40)]
    with pytest.raises(PipelineError, match=r"run r1 failed in fit-head \(see"):
        classify()


def test_an_item_whose_driver_failed_has_failed_beside_those_that_succeeded(api):
    driver = node("fit-head-driver", "FAILED", 15, 16, item=9)
    api.looks = [run("FAILED", *loop("SUCCEEDED", "SUCCEEDED"), [driver], ended=40)]
    with pytest.raises(PipelineError, match=r"run r1 failed in fit-head \(see"):
        classify()


def test_a_failed_run_names_our_own_step_alone(api):
    api.looks = [
        run(
            "FAILED", task("prepare", "SUCCEEDED", 10, 30), task("train", "FAILED", 40, 60, tries=2), ended=70
        )
    ]
    with pytest.raises(PipelineError) as error:
        follow()
    assert str(error.value) == (
        "run r1 failed in train (see the dashboard, Runs; its logs: "
        "kubectl logs -n ml -l pipeline/runid=r1 -c main --prefix --tail=60)"
    )


def test_a_failed_driver_is_its_tasks_failure(api):
    failed = [node("prepare-driver", "FAILED", 5, 9), node("root", "FAILED", 0, 9)]
    api.looks = [run("FAILED", failed, ended=10)]
    with pytest.raises(PipelineError, match=r"run r1 failed in prepare \(see"):
        follow()


def test_with_kubectl_a_failed_step_says_its_own_last_words(api, cluster_kubectl):
    api.looks = [run("FAILED", task("train", "FAILED", 40, 60, tries=1), ended=70)]
    log = """[KFP Executor 2026-11-28 10:00:01,000 INFO]: Looking for component `train`
Traceback (most recent call last):
  File "/app/pylib/steps/train.py", line 3, in train
pylib.errors.ModelError: weights x.h5: cannot be read (No such file); check --weights
I1128 10:00:02.000000      12 launcher_v2.go:201] publish success.
F1128 10:00:02.000000      12 main.go:59] failed to execute component: exit status 1
time="2026-11-28T10:00:02.000Z" level=info msg="sub-process exited" argo=true error="<nil>"
Error: exit status 1
"""
    message = "main: Error (exit code 1)"
    paths = [f"train.executor({n})" for n in range(2)]
    cluster_kubectl.connected(
        objects={
            "workflows": [workflow(**{f"n{n}": (path, "Failed", message) for n, path in enumerate(paths)})],
            "pods": [pod(f"p{n}", path, terminated(reason="Error")) for n, path in enumerate(paths)],
            "configmap": [config(PYLIB_DASHBOARD="https://ml.example.org")],
        },
        logs={"p0": log, "p1": log},
    )
    with pytest.raises(PipelineError) as error:
        follow()
    assert str(error.value) == (
        "run r1 failed in train: weights x.h5: cannot be read (No such file); check --weights "
        "(see https://ml.example.org/_/pipeline/?ns=ml#/runs/details/r1; its logs: "
        "kubectl logs -n ml -l pipeline/runid=r1 -c main --prefix --tail=60)"
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (terminated(reason="OOMKilled"), "out of memory"),
        (terminated(reason="Error", message="not tried again: batch: too large"), "batch: too large"),
        ({"reason": "Evicted", "message": "The node was low"}, "Evicted: The node was low"),
    ],
)
def test_a_killed_step_says_nothing_so_what_killed_it_is_said(api, cluster_kubectl, status, reason):
    api.looks = [run("FAILED", task("train", "FAILED", 40, 60), ended=70)]
    flow = workflow(n=("train.executor", "Failed", "main: exit code 137"))
    pods = [pod("p", "train.executor", status)]
    cluster_kubectl.connected(objects={"workflows": [flow], "pods": pods}, logs={"p": "epoch 3 of 26\n"})
    with pytest.raises(PipelineError, match=f"failed in train: {reason}"):
        follow()


def test_a_run_that_does_not_end_is_left_alone(api):
    api.looks = [run("RUNNING", task("prepare", "RUNNING", 10))]
    with pytest.raises(PipelineError, match=r"not finished in .* hours; it goes on: .*kubectl logs -n ml"):
        follow(hours=0.1 / 3600)


def test_a_line_that_breaks_off_for_a_moment_is_borne_and_a_lost_one_says_that_the_run_goes_on(api):
    submitted, connection = submit()
    api.broken = following.FAULTS - 1
    assert following.follow(submitted, connection, poll_seconds=0.01).state == "SUCCEEDED"
    api.broken = 100
    with pytest.raises(PipelineError, match=r"answered 503 .*run r1 goes on: "):
        following.follow(submitted, connection, poll_seconds=0.01)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"epoch": 3}, "no parameter 'epoch'; it has: data, weights"),
        ({"options": {"epoch": 3}}, "no option 'epoch'; did you mean epochs"),
        ({"options": {"batch": 0}}, "batch=0: Input should be greater than or equal to 1"),
        ({"options": {"seed": 1}}, "seed is a parameter of its own"),
        ({"options": {"frozen": True}}, "a frozen encoder learns nothing without first weights"),
        ({"encoder": "resnet"}, "encoder='resnet': Input should be 'mobilenet_v2' or 'vgg19'"),
        ({"alpha": 3.0}, "alpha=3.0: Input should be less than or equal to 2"),
        ({"alpha": "wide"}, "alpha='wide': it is not a number"),
        ({"alpha": 0.36, "weights": "imagenet"}, "no ImageNet weights of MobileNetV2 with alpha 0.36"),
        ({"image_size": 100}, "image_size=100: .*multiple of 32"),
        ({"image_size": 96.5}, "image_size=96.5: it is not a whole number"),
        ({"seed": -1}, "seed=-1: Input should be greater than or equal to 0"),
        ({"gpus": "many"}, "gpus='many': it is not a whole number"),
        ({"gpus": -1}, "gpus='-1': it is not a whole number"),
        ({"weights": "weights@master:"}, "names no file of a store"),
        ({"data": "no such"}, "names no commit"),
        ({"options": [1]}, "options=.*it is not an object"),
    ],
)
def test_what_a_step_would_refuse_never_leaves_this_machine(api, arguments, reason):
    from pylib.errors import PylibError

    with pytest.raises(PylibError, match=reason) as error:
        submit(**arguments)
    assert "\n" not in str(error.value)
    assert api.submitted == []


def test_what_is_required_is_asked_for(api):
    with pytest.raises(PipelineError, match="'data' is required"):
        cluster.submit("segmentation", {}, connect())


def test_a_number_of_gpus_leaves_as_the_text_that_the_driver_reads(api):
    submit(gpus=2)
    [body] = api.submitted
    assert body["runtime_config"]["parameters"]["gpus"] == "2"


def test_a_run_that_goes_on_shows_the_time_till_now(api):
    api.looks = [run("RUNNING", task("prepare", "RUNNING", 10))]
    submitted, connection = submit()
    now, _ = cluster.look(submitted, connection)
    assert api.looks[0]["finished_at"] == NOT_FINISHED
    assert (now.state, now.seconds > 0) == ("RUNNING", True)
    [prepare] = now.tasks
    assert (prepare.name, prepare.ended, prepare.seconds) == ("prepare", None, 0)
    assert succeeded()["error"] is None


def test_the_account_is_that_of_the_repositorys_clusters():
    from preflight.platform.access import recorded
    from pylib.provenance.materials import ROOT
    from pylib.runners import cluster_settings

    account = recorded(ROOT).account
    assert (account.namespace, account.name) == (cluster_settings.NAMESPACE, cluster_settings.ACCOUNT)


def test_a_whole_number_may_come_as_json_writes_it(api):
    submit(image_size=96.0, alpha=1)
    [body] = api.submitted
    assert body["runtime_config"]["parameters"] == {"data": DATA, "image_size": 96, "alpha": 1.0}


def test_wrong_types_are_configuration_errors(api):
    with pytest.raises(ConfigurationError):
        submit(seed="one")
