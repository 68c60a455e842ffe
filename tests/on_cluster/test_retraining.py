"""A commit of data starts the CronJob's pod, by a worker as Pachyderm makes it, and no other, in its turn."""

import json
import os
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from preflight.platform.image_lock import locked
from preflight.platform.pachyderm_specs import Spec
from preflight.rules.pachyderm.worker import patched, pod_of
from pylib.kubernetes_api import KubernetesApi
from pylib.runners import lease
from pylib.runners.data_commit import job_of
from pylib.store.opening import open_store
from pylib.store.protocol import Commit, CommitRef
from tests.on_cluster import pods
from tests.on_cluster.conftest import ROOT
from tests.on_cluster.kubectl import Body, Kubectl, KubectlError
from tests.on_cluster.operators import runs_for_real
from tests.on_cluster.platform import Platform, require_tried
from tests.runners import pachyderm_server

pytestmark = pytest.mark.cluster

SPEC = "cluster-conf/pachyderm/base/retrain/pipeline.yaml"
WORKER = "system:serviceaccount:pachyderm:retrain"
PACHD, PORT = "pachd.pachyderm", 30650


@pytest.fixture
def here(kubectl: Kubectl) -> str:
    """How pods reach this machine, where a node has our image."""
    if not os.environ.get("CLUSTER_S3"):
        pytest.skip("CLUSTER_S3 does not say how pods reach this machine")
    reference = locked(ROOT)["train"].partition("@")[0]
    images = [image for node in kubectl.list("nodes") for image in node["status"].get("images") or []]
    if not any(reference in (image.get("names") or []) for image in images):
        pytest.skip(f"no node has {reference}: build it (--target train) and load it")
    return str(urlsplit(os.environ["CLUSTER_S3"]).hostname)


@pytest.fixture
def commit(here: str) -> Iterator[Commit]:
    """The newest commit of the images in a pachd on this machine, at the port that the manifests name."""
    place = f"{here}:{PORT}"
    with pachyderm_server.serving(place):
        yield open_store(f"pachd://{place}").commit("images", {"images/a.png": b"a"})


def test_a_commit_starts_the_cron_jobs_pod(
    kubectl: Kubectl, platform: Platform, here: str, commit: Commit
) -> None:
    require_tried(platform, "retrain", "pachyderm")
    if any(runs_for_real(pod) for pod in kubectl.list("pods", "kubeflow", "app=ml-pipeline")):
        pytest.skip("Kubeflow Pipelines runs for real here: the training would start")
    body = _worker(platform, commit, here)
    name = f"retrain-{commit.id}"
    with pods.running(kubectl, body) as worker:
        codes = pods.exit_codes(kubectl, worker, "pachyderm", 240)
        said = pods.log(kubectl, worker, "pachyderm", "user").splitlines()
    try:
        job = kubectl.get("job", name, "ml")
        (pod,) = kubectl.list("pods", "ml", f"job-name={name}")
        of_job = pods.log(kubectl, pod["metadata"]["name"], "ml", "retrain")
    finally:
        kubectl.delete("job", name, "ml")
    assert said[0] == f"Job ml/{name} was made for images@{commit.id}"
    assert said[-1].startswith(f"error: Job ml/{name} failed: "), said
    assert codes == {"user": 1}
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("CronJob", "retrain")
    # It had its turn, and there is no Kubeflow Pipelines here.
    assert of_job.startswith("error: Kubeflow Pipelines at http://ml-pipeline.kubeflow:8888: "), of_job


def _worker(platform: Platform, commit: Commit, here: str) -> Body:
    """The pod of the pipeline's worker, with the user's code where Pachyderm's own program would start it.

    Its init container and its sidecar are Pachyderm's images, and are left out with what they share.
    """
    spec = Spec("pachyderm", SPEC, yaml.safe_load(platform.repository.read(SPEC)))
    made = patched(pod_of(spec), spec)
    container = {**made["containers"][0], "command": spec.command}
    environment = {
        **spec.transform["env"],
        "images": "/pfs/images",
        "images_COMMIT": commit.id,
        "PACH_JOB_ID": commit.id,
        "PACH_OUTPUT_COMMIT_ID": commit.id,
    }
    container["env"] = [{"name": key, "value": value} for key, value in environment.items()]
    container["volumeMounts"] = [{"name": "user-tmp", "mountPath": "/tmp"}]
    kept = {key: value for key, value in made.items() if key not in {"initContainers", "containers"}}
    aliases = [{"ip": here, "hostnames": [PACHD]}]
    return pods.pod(
        "retrain", "pachyderm", container, **{**kept, "restartPolicy": "Never", "hostAliases": aliases}
    )


@pytest.fixture
def job(kubectl: Kubectl, platform: Platform) -> Body:
    """The Job that a commit would start, not made yet."""
    require_tried(platform, "retrain", "pachyderm")
    return job_of(kubectl.get("cronjob", "retrain", "ml"), CommitRef("images", "0" * 32))


def _made(kubectl: Kubectl, job: Body) -> str:
    """What the server says to the worker's account, without making it."""
    arguments = ["create", "--filename=-", f"--as={WORKER}", "--dry-run=server", "--output=name"]
    return kubectl.run(*arguments, text=json.dumps(job)).strip()


def test_the_worker_may_make_the_cron_jobs_pod(kubectl: Kubectl, job: Body) -> None:
    assert _made(kubectl, job) == f"job.batch/retrain-{'0' * 32}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"template.spec.containers.0.image": "docker.io/library/python:3"}, "no other"),
        ({"template.spec.containers.0.args": ["--data=other@master", "--namespace=ml"]}, "no other"),
        ({"template.spec.serviceAccountName": "ml-user"}, "no other"),
        ({"parallelism": 5}, "starts one pod"),
    ],
)
def test_it_may_make_no_other(kubectl: Kubectl, job: Body, change: dict[str, Any], said: str) -> None:
    changed = json.loads(json.dumps(job))
    for path, value in change.items():
        *steps, last = path.split(".")
        place: Any = changed["spec"]
        for step in steps:
            place = place[int(step)] if step.isdigit() else place[step]
        place[last] = value
    with pytest.raises(KubectlError, match=f"ValidatingAdmissionPolicy 'retrain' .*{said}"):
        _made(kubectl, changed)


def test_nor_one_elsewhere(kubectl: Kubectl, job: Body) -> None:
    elsewhere = {**job, "metadata": {**job["metadata"], "namespace": "pachyderm"}}
    with pytest.raises(KubectlError, match="forbidden"):
        _made(kubectl, elsewhere)


def test_people_start_it_as_before(kubectl: Kubectl, job: Body) -> None:
    where = ["--namespace=ml", "--from=cronjob/retrain", "--dry-run=server", "--output=name"]
    assert kubectl.run("create", "job", "by-hand", *where).strip() == "job.batch/by-hand"


def test_turns_are_kept_by_the_real_server(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    namespace = f"retrain-try-{time.time_ns()}"
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    monkeypatch.setenv("KUBECONFIG", str(kubectl.config))
    inside: list[str] = []
    most: list[int] = []

    def work(name: str) -> None:
        with lease.taken(KubernetesApi(), namespace, name, lambda _said: None, seconds=2):
            inside.append(name)
            most.append(len(inside))
            time.sleep(0.3)
            inside.remove(name)

    threads = [threading.Thread(target=work, args=(f"pod-{index}",)) for index in range(5)]
    try:
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        kept = kubectl.get("lease", "retrain", namespace)["spec"]
    finally:
        kubectl.delete("namespace", namespace)
    assert most == [1] * 5
    assert kept["leaseTransitions"] == 5
    assert "holderIdentity" not in kept


def test_the_specification_that_is_looked_at_is_gits(kubectl: Kubectl, platform: Platform) -> None:
    require_tried(platform, "pachyderm")
    cron_job = kubectl.get("cronjob", "retrain-pipeline", "pachyderm")
    volumes = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]
    (name,) = [each["configMap"]["name"] for each in volumes if "configMap" in each]
    text = kubectl.get("configmap", name, "pachyderm")["data"]["pipeline.yaml"]
    assert text == platform.repository.read(SPEC)
