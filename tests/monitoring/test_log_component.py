"""The component that lets served models log their answers: what it brings, who takes it up."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pylib.serving.predictions import PredictionLog
from tests.preflight.conftest import ROOT, needs_kustomize

COMPONENT = "\ncomponents:\n  - ../../../components/prediction-log\n"


def built(folder: Path) -> list[dict[str, Any]]:
    tool = [shutil.which("kustomize"), "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
    done = subprocess.run([*tool, str(folder)], capture_output=True, check=True, text=True, timeout=60)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


@needs_kustomize
def test_every_server_and_the_page_take_up_the_settings_that_the_component_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "cluster-conf", tmp_path / "cluster-conf")
    overlay = tmp_path / "cluster-conf/ml-user/overlays/local"
    file = overlay / "kustomization.yaml"
    assert "\ncomponents:\n" in file.read_text()
    file.write_text(file.read_text().replace("\ncomponents:\n", COMPONENT))
    (settings,) = (each for each in built(overlay) if each["metadata"]["name"] == "prediction-log")
    assert (settings["kind"], settings["metadata"]["namespace"]) == ("ConfigMap", "ml")
    for name in ("segmentation", "classification"):
        model = built(tmp_path / f"cluster-conf/models/{name}/overlays/local")
        (deployment,) = (each for each in model if each["kind"] == "SeldonDeployment")
        for predictor in deployment["spec"]["predictors"]:
            (container,) = predictor["componentSpecs"][0]["spec"]["containers"]
            assert {"configMapRef": {"name": "prediction-log", "optional": True}} in container["envFrom"]
    page = built(tmp_path / "cluster-conf/web/overlays/local")
    (deployment,) = (each for each in page if each["kind"] == "Deployment")
    assert deployment["metadata"]["namespace"] == settings["metadata"]["namespace"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (place,) = (each["valueFrom"] for each in container["env"] if each["name"] == "PYLIB_PREDICTIONS")
    key = place["configMapKeyRef"]
    assert (key["name"], key["optional"]) == (settings["metadata"]["name"], True)
    assert settings["data"][key["key"]] == settings["data"]["PREDICTION_LOG"]
    for variable, value in settings["data"].items():
        monkeypatch.setenv(variable, value)
    log = PredictionLog.of_environment(settings["data"]["PREDICTION_LOG"])
    assert (log.sample, log.images) == (1, False)
