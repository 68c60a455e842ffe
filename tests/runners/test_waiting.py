"""A task that waits for its pod says so: when it is long, why, and for how long."""

import pytest

from pylib.runners.cluster import ClusterRun
from pylib.runners.tasks import own
from pylib.runners.waiting import AGAIN_SECONDS, FIRST_SECONDS, Waiting
from tests.runners.kubectl_stand_in import config
from tests.runners.pipelines_api import run, task
from tests.runners.test_cluster import workflow

NAMES = {"prepare", "train", "evaluate", "release"}
LACK = "Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu."


class Detail:
    def __init__(self, body):
        self.display_name, self.state = body["display_name"], body["state"]
        self.task_id = body["task_id"]
        self.start_time = self.end_time = None


def details(*tasks):
    return [Detail(body) for body in run("RUNNING", *tasks)["run_details"]["task_details"]]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def waits(api):
    clock = Clock()
    waiting = Waiting(ClusterRun("segmentation", "r1", "ml", ""), NAMES, clock)

    def at(second, *tasks):
        clock.now = second
        seen = details(*tasks)
        return list(waiting.news(seen, own(seen, NAMES)))

    return at


PENDING = task("train", "RUNNING", 10, pod="PENDING")


def test_a_pod_that_only_starts_is_not_worth_a_word(waits):
    assert waits(0, PENDING) == waits(FIRST_SECONDS - 1, PENDING) == []
    assert waits(FIRST_SECONDS + 1, task("train", "RUNNING", 10)) == []


def test_it_says_the_schedulers_reason_and_how_long_and_again_only_later(waits, cluster_kubectl):
    flow = workflow(n=("train.executor(0)", "Pending", LACK), m=("prepare.executor", "Succeeded", ""))
    cluster_kubectl.connected(objects={"workflows": [flow], "configmap": [config()]})
    waits(0, PENDING)
    assert waits(40, PENDING) == [("train", f"waits for its pod since 40 s: {LACK}")]
    assert waits(41, PENDING) == []
    [(name, words)] = waits(40 + AGAIN_SECONDS, PENDING)
    assert (name, words.partition(":")[0]) == ("train", "waits for its pod since 10 min")


def test_without_kubectl_it_names_the_command_that_shows_the_reason(waits):
    waits(0, PENDING)
    [(name, words)] = waits(60, PENDING)
    assert name == "train"
    assert words == (
        "waits for its pod since 1 min; the reason is among the events of "
        "`kubectl describe pod -n ml -l pipeline/runid=r1`"
    )


def test_of_several_that_may_wait_none_is_accused(waits):
    both = [PENDING, task("evaluate", "RUNNING", 10)]
    waits(0, *both)
    [(name, _)] = waits(60, *both)
    assert name == "a task"


def test_a_second_try_is_said(waits):
    assert waits(0, task("train", "RUNNING", 10, tries=1)) == [
        ("train", "failed, and is tried again (try 2)")
    ]
    assert waits(1, task("train", "RUNNING", 10, tries=1)) == []


def test_the_next_task_waits_from_its_own_beginning(waits):
    waits(0, PENDING)
    assert waits(20, task("train", "SUCCEEDED", 10, 20)) == []
    assert waits(40, task("evaluate", "RUNNING", 40, pod="PENDING")) == []
