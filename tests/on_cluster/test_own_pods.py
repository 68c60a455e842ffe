"""Our images as pods on a real node: predictions, a release under load and its revert, a step, retraining."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pylib.cluster.images import locked
from pylib.data.images import encode_png
from pylib.data.shards import ShardIndex
from pylib.provenance.digests import sha256_file
from pylib.serving.client import Client
from pylib.serving.model import OnnxModel
from tests.on_cluster import argocd, pods
from tests.on_cluster.conftest import ROOT
from tests.on_cluster.kubectl import Body, Kubectl, KubectlError
from tests.on_cluster.models import Store, make_unet, release_model
from tests.on_cluster.operators import runs_for_real
from tests.on_cluster.platform import Platform
from tests.on_cluster.pods import Answer
from tests.on_cluster.steps import ARTIFACTS, OUTPUT_FILE, Step
from tests.on_cluster.waiting import require, until

pytestmark = pytest.mark.cluster
NAMESPACE = "ml"
SERVER = "seldon-deployment-id=model"
SERVICE = "model-default"


def _image(kubectl: Kubectl, stage: str) -> str:
    reference = locked(ROOT)[stage].partition("@")[0]
    images = [image for node in kubectl.list("nodes") for image in node["status"].get("images") or []]
    if not any(reference in (image.get("names") or []) for image in images):
        pytest.skip(f"no node has {reference}: build it (--target {stage}) and load it")
    return reference


@pytest.fixture(scope="module")
def serve_image(kubectl: Kubectl) -> str:
    return _image(kubectl, "serve")


@pytest.fixture(scope="module")
def train_image(kubectl: Kubectl) -> str:
    return _image(kubectl, "train")


@pytest.fixture
def server(kubectl: Kubectl, serve_image: str, platform: Platform) -> Body:
    """A pod of the released model, ready."""
    return until(120, "the model's pod", lambda: _rolled_out(kubectl))[0]


def _rolled_out(kubectl: Kubectl, digest: str = "") -> list[Body]:
    """The pods of the model, once all are ready and, where a digest is given, of that model."""
    (deployment,) = kubectl.list("deployments", NAMESPACE, SERVER) or [None]
    require(deployment, "there is no Deployment of the model")
    assert deployment
    require(digest in json.dumps(deployment["spec"]), f"its Deployment does not name {digest[:12]}")
    found = kubectl.list("pods", NAMESPACE, SERVER)
    states = [_state(pod) for pod in found]
    wanted = [True] * deployment["spec"]["replicas"]
    require([state == "ready" for state in states] == wanted, f"its pods are {states}")
    status, generation = deployment["status"], deployment["metadata"]["generation"]
    seen = (status.get("observedGeneration"), status.get("updatedReplicas"))
    require(seen == (generation, len(wanted)), "it has pods of a former version")
    return found


def _state(pod: Body) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "ending"
    ready = [each["ready"] for each in pod["status"].get("containerStatuses") or [{"ready": False}]]
    return "ready" if all(ready) else "starting"


def _photograph(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def test_the_model_server_is_confined_and_its_probes_pass(kubectl: Kubectl, server: Body) -> None:
    assert runs_for_real(server)
    (status,) = [each for each in server["status"]["containerStatuses"] if each["name"] == "model"]
    assert (status["started"], status["ready"], status["restartCount"]) == (True, True, 0)

    def run(command: str) -> str:
        where = [server["metadata"]["name"], f"--namespace={NAMESPACE}", "--container=model"]
        return kubectl.run("exec", *where, "--", "sh", "-c", command).strip()

    assert run("id -u; id -g").split() == ["1000", "1000"]
    assert run("touch /tmp/written && ls /tmp/written") == "/tmp/written"
    for place in ("/", "/app", "/opt/venv", "/etc"):
        with pytest.raises(KubectlError, match="Read-only file system"):
            run(f"touch {place}/written")
    assert "CapEff: 0000000000000000" in " ".join(run("grep CapEff /proc/self/status").split())
    with pytest.raises(KubectlError, match="No such file"):
        run("ls /var/run/secrets/kubernetes.io/serviceaccount")


def test_it_answers_as_the_released_model_does_here(
    kubectl: Kubectl, server: Body, platform: Platform, first_model: Path
) -> None:
    model = first_model / "model/model.onnx"
    pixels = _photograph(1)
    with (
        pods.forwarded(kubectl, f"service/{SERVICE}", NAMESPACE, 9000) as url,
        Client(url) as client,
    ):
        status, answer = client.status(), client.predict(encode_png(pixels))
    assert status["model_digest"] == answer.tags["model_digest"] == sha256_file(model)
    here = OnnxModel(model.read_bytes())
    assert answer.classes == here.classes
    assert np.array_equal(answer.mask, here.segment(pixels).mask)
    assert answer.mask.any()


def test_neither_a_release_nor_its_revert_drops_a_request(
    kubectl: Kubectl,
    server: Body,
    serve_image: str,
    platform: Platform,
    store: Store,
    first_model: Path,
    tmp_path: Path,
    record: dict[str, Any],
) -> None:
    old, unet = sha256_file(first_model / "model/model.onnx"), make_unet(tmp_path)
    repository = platform.repository

    def wait_for(digest: str) -> float:
        """Seconds until the commit just pushed is what runs, and nothing else does."""
        started = time.monotonic()
        argocd.wait_until_good(kubectl, "model", repository.head, seconds=180)
        until(120, f"pods of {digest[:12]} alone", lambda: _rolled_out(kubectl, digest))
        return round(time.monotonic() - started, 1)

    url = f"http://{SERVICE}.{NAMESPACE}:9000"
    with pods.steady_load(kubectl, serve_image, url, NAMESPACE, connections=2, per_second=8) as load:

        def more() -> int:
            """How many answers there are, after a few more."""
            enough = len(load.answers) + 20
            return until(60, "20 more answers", lambda: _at_least(enough, load.answers))

        before = more()
        release = release_model(unet, store, repository)
        seconds_released = wait_for(release.digest)
        between = len(load.answers), more()
        repository.revert(release.commit)
        seconds_reverted = wait_for(old)
        after = len(load.answers)
        more()
        answers = load.answers
    failed = [each.error for each in answers if each.error]
    digests = [each.digest for each in answers]
    record |= {
        "requests_during_rollouts": len(answers),
        "requests_failed": len(failed),
        "slowest_answer_seconds": max(each.seconds for each in answers),
        "seconds_from_release_to_served": seconds_released,
        "seconds_from_revert_to_served": seconds_reverted,
    }
    assert not failed, f"{len(failed)} of {len(answers)}: {failed[:3]}"
    assert set(digests[:before]) == {old}
    assert set(digests[between[0] + 2 : between[1]]) == {release.digest}  # two may have been on their way
    assert set(digests[after + 2 :]) == {old}
    assert set(digests) == {old, release.digest}


def _at_least(number: int, answers: Sequence[Answer]) -> int:
    require(len(answers) >= number, f"there are {len(answers)}")
    return len(answers)


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """The built-in sample's commit, and what the step makes of it on this machine."""
    from pylib.steps.prepare import prepare

    monkeypatch.setenv("PYLIB_STORE", (tmp_path / "store").as_uri())
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    command = [sys.executable, "-c", "from pylib.cli import main; main()", "data", "ingest", "sample"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=120)
    data = done.stdout.strip()
    prepare(tmp_path / "shards", data=data, image_size=32)
    return data, tmp_path / "shards"


def test_a_step_of_the_pipeline_makes_there_what_it_makes_here(
    kubectl: Kubectl, train_image: str, platform: Platform, prepared: tuple[str, Path], record: dict[str, Any]
) -> None:
    data, shards = prepared
    step = Step.read(platform.repository.read("pipelines/compiled/segmentation.yaml"), "prepare")
    assert step.container["image"] == train_image
    environment = step.environment(PYLIB_STORE="file:///tmp/store", PYLIB_OUTPUT="/tmp/out")
    places = {"tmp": "/tmp", "artifacts": ARTIFACTS}
    mounts = [{"name": volume, "mountPath": place} for volume, place in places.items()]
    show = f"cd {step.folder('shards')} && sha256sum index.json */*.npy && cat {OUTPUT_FILE}"

    def container(name: str, command: list[str]) -> Body:
        return pods.container(name, train_image, command, env=environment, volumeMounts=mounts)

    body = pods.pod(
        "prepare",
        NAMESPACE,
        container("show", ["sh", "-ec", show]),
        initContainers=[
            container("ingest", ["pylib", "data", "ingest", "sample"]),
            container("prepare", step.command(data=data, image_size=32)),
        ],
        volumes=[{"name": volume, "emptyDir": {}} for volume in places],
    )
    body["metadata"]["labels"] = {
        "sidecar.istio.io/inject": "false"
    }  # as steps are labelled; it would outlive it
    started = time.monotonic()
    with pods.running(kubectl, body) as name:
        codes = pods.exit_codes(kubectl, name, NAMESPACE, 240)
        record["seconds_of_a_step"] = round(time.monotonic() - started, 1)
        said = {each: pods.log(kubectl, name, NAMESPACE, each) for each in codes}
    assert codes == {"ingest": 0, "prepare": 0, "show": 0}, said
    *lines, metadata = said["show"].splitlines()
    there = {file: digest for digest, file in (line.split() for line in lines)}
    here = {str(file.relative_to(shards)): sha256_file(file) for file in shards.glob("*/*.npy")}
    assert there == here | {"index.json": sha256_file(shards / "index.json")}
    splits = ShardIndex.model_validate_json((shards / "index.json").read_text()).splits
    assert all(split.items for split in splits.values())
    (artifact,) = json.loads(metadata)["artifacts"]["shards"]["artifacts"]
    assert artifact["uri"] == "minio:/" + step.folder("shards").removeprefix(ARTIFACTS)


def test_retraining_says_in_one_line_that_there_are_no_pipelines(
    kubectl: Kubectl, train_image: str, platform: Platform
) -> None:
    if any(runs_for_real(pod) for pod in kubectl.list("pods", "kubeflow", "app=ml-pipeline")):
        pytest.skip("Kubeflow Pipelines runs for real here: the training would start")
    made = json.loads(
        kubectl.run(
            "create",
            "job",
            f"retrain-{time.time_ns()}",
            "--from=cronjob/retrain",
            f"--namespace={NAMESPACE}",
            "--dry-run=client",
            "--output=json",
        )
    )
    with pods.running(kubectl, made) as name:
        (pod,) = until(60, "the job's pod", lambda: _some(kubectl, f"job-name={name}"))
        codes = pods.exit_codes(kubectl, pod["metadata"]["name"], NAMESPACE, 120)
        said = pods.log(kubectl, pod["metadata"]["name"], NAMESPACE, "retrain")
    assert codes == {"retrain": 1}, said
    (line,) = said.splitlines()
    assert line.startswith("error: Kubeflow Pipelines at http://ml-pipeline.kubeflow:8888: ")
    assert "KF_PIPELINES_ENDPOINT" in line


def _some(kubectl: Kubectl, selector: str) -> list[Body]:
    found = kubectl.list("pods", NAMESPACE, selector)
    require(found, "there is none")
    return found
