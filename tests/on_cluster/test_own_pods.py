"""Our images as pods on a real node: predictions, retraining."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pylib.data.images import encode_png
from pylib.serving.client import Client
from pylib.serving.model import OnnxModel
from tests.on_cluster import pods, serving
from tests.on_cluster.kubectl import Body, Kubectl, KubectlError
from tests.on_cluster.operators import runs_for_real
from tests.on_cluster.platform import Platform, require_tried
from tests.on_cluster.waiting import require, until

pytestmark = pytest.mark.cluster


def _photograph(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def test_the_model_server_is_confined_and_its_probes_pass(kubectl: Kubectl, server: Body) -> None:
    assert runs_for_real(server)
    (status,) = [each for each in server["status"]["containerStatuses"] if each["name"] == "model"]
    assert (status["started"], status["ready"], status["restartCount"]) == (True, True, 0)

    def run(command: str) -> str:
        where = [server["metadata"]["name"], f"--namespace={serving.NAMESPACE}", "--container=model"]
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
    kubectl: Kubectl, server: Body, first_model: Path, first_digest: str
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    service = f"service/{serving.SERVICE}"
    with (
        pods.forwarded(kubectl, service, serving.NAMESPACE, serving.PORT) as url,
        Client(url) as client,
    ):
        status, answer = client.status(), client.predict(encode_png(pixels))
    assert status["model_digest"] == answer.tags["model_digest"] == first_digest
    model, here = OnnxModel((first_model / "model/model.onnx").read_bytes()), answer.task.answer
    said = here.read(here.answer(model.run(pixels), pixels, model.contract.classes, 0.0))
    assert answer.answer.classes == said.classes
    assert np.array_equal(answer.answer.mask, said.mask)
    assert said.mask.any()


def test_retraining_says_in_one_line_that_there_are_no_pipelines(
    kubectl: Kubectl, train_image: str, platform: Platform
) -> None:
    if any(runs_for_real(pod) for pod in kubectl.list("pods", "kubeflow", "app=ml-pipeline")):
        pytest.skip("Kubeflow Pipelines runs for real here: the training would start")
    require_tried(platform, "retrain")
    where = [f"--namespace={serving.NAMESPACE}", "--dry-run=client", "--output=json"]
    started = kubectl.run("create", "job", f"retrain-{time.time_ns()}", "--from=cronjob/retrain", *where)
    with pods.running(kubectl, json.loads(started)) as job:
        name = until(60, "the job's pod", lambda: _pod_of(kubectl, job))
        codes = pods.exit_codes(kubectl, name, serving.NAMESPACE, 120)
        said = pods.log(kubectl, name, serving.NAMESPACE, "retrain")
    assert codes == {"retrain": 1}, said
    (line,) = said.splitlines()
    assert line.startswith("error: Kubeflow Pipelines at http://ml-pipeline.kubeflow:8888: ")
    assert "KF_PIPELINES_ENDPOINT" in line


def _pod_of(kubectl: Kubectl, job: str) -> str:
    found = kubectl.list("pods", serving.NAMESPACE, f"job-name={job}")
    require(found, "there is none")
    return str(found[0]["metadata"]["name"])
