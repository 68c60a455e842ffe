"""The same story of classification, as a person runs it: ./run_e2e.sh --task classification on its sample."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from pylib.data.images import decode_image
from pylib.serving.model import OnnxModel
from pylib.tasks.classification.sample import HUES

ROOT = Path(__file__).resolve().parents[1]
PYLIB = ROOT / ".venv" / "bin" / "pylib"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("classification") / "out"


@pytest.fixture(scope="module")
def environment(output):
    return {**os.environ, "PYLIB_OUTPUT": str(output), "PYLIB_PORT": "0", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def facts(output, environment):
    command = [ROOT / "run_e2e.sh", "--task", "classification", "--output", str(output)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(pylib(environment, "status", "--json").stdout)


def pylib(environment, *arguments):
    return subprocess.run([PYLIB, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_the_sample_is_learned_from_random_weights_and_passes_the_gate(facts, output):
    assert facts["gate"] == "passed"
    assert float(facts["macro_f1"].split()[0]) >= 0.80
    assert facts["data_commit"].startswith("inks@")
    assert "Confusion matrix" in Path(facts["report"]).read_text()
    assert "Images to look at" in Path(facts["report"]).read_text()
    assert (output / "answer.png").read_bytes().startswith(b"\x89PNG")


def test_the_served_answer_is_the_exported_models(facts, output):
    answer = json.loads((output / "answer.json").read_text())
    (question,) = (path for path in output.glob("question*") if path.is_file())
    folder = output / "artifacts" / "models" / facts["model_sha256"]
    model = OnnxModel((folder / "model.onnx").read_bytes())
    here = model.run(decode_image(question.read_bytes()))["probabilities"]
    assert model.contract.classes == sorted(HUES)
    assert [*answer["probabilities"].values()] == here.tolist()
    assert answer["label"] == model.contract.classes[here.argmax()]
    assert answer["confidence"] == max(answer["probabilities"].values())
    assert answer["task"] == "classification"


def test_the_answer_is_explained_back_to_its_images(facts, output, environment):
    answer = json.loads((output / "answer.json").read_text())
    explained = json.loads(pylib(environment, "explain", answer["prediction_id"], "--json").stdout)
    assert (explained["model"], explained["data"]) == (facts["model_sha256"], facts["data_commit"])
    assert (explained["mismatches"], explained["unchecked"]) == ([], None)


def test_a_model_that_learned_nothing_is_kept_and_not_released(facts, environment):
    quick = ["-p", 'options={"epochs": 1, "learning_rate": 1e-6}', "-p", "image_size=32"]
    done = pylib(environment, "run", "classification", "--data", facts["data_commit"], *quick)
    assert done.returncode == 1
    assert "error: step release failed: model" in done.stderr
    assert "macro_f1" in done.stderr.splitlines()[-1]
