"""The component that lets a served model log its answers: what it adds to an overlay that asks for it."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.preflight.conftest import ROOT, needs_kustomize

COMPONENT = "components:\n  - ../../../../components/prediction-log\n"


@needs_kustomize
@pytest.mark.parametrize("name", ["segmentation", "classification"])
def test_an_overlay_with_it_logs_into_a_folder_of_the_models_name(tmp_path: Path, name: str) -> None:
    for folder in ("components", "models"):
        shutil.copytree(ROOT / "cluster-conf" / folder, tmp_path / folder)
    overlay = tmp_path / f"models/{name}/overlays/local"
    with (overlay / "kustomization.yaml").open("a") as file:
        file.write(COMPONENT)
    tool = [shutil.which("kustomize"), "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
    built = subprocess.run([*tool, str(overlay)], capture_output=True, check=True, text=True, timeout=60)
    (deployment,) = (
        each for each in yaml.safe_load_all(built.stdout) if each and each["kind"] == "SeldonDeployment"
    )
    (component,) = deployment["spec"]["predictors"][0]["componentSpecs"]
    (container,) = component["spec"]["containers"]
    said = {each["name"]: each["value"] for each in container["env"]}
    assert said["PREDICTION_LOG"] == f"s3://predictions/{name}"
    assert (said["PREDICTION_LOG_SAMPLE"], said["PREDICTION_LOG_IMAGES"]) == ("1", "false")
    assert said["ARTIFACT_STORE"] == "s3://models", "what was there stays"
