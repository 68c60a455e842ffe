"""The same story of classification, as a person runs it: ./run_e2e.sh --task classification on its sample."""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from pylib import INSTRUCTIONS, processor
from pylib.data.images import decode_image
from pylib.provenance.statement import read_bundle, step_name
from pylib.serving.model import OnnxModel
from pylib.tasks.classification.sample import HUES, make_sample
from tests.golden import sample

ROOT = Path(__file__).resolve().parents[1]
PYLIB = ROOT / ".venv" / "bin" / "pylib"
FOREIGN = {
    "OPENBLAS_CORETYPE": "Prescott",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
"""What a machine may set that would choose other kernels, and other sums."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("classification") / "out"


@pytest.fixture(scope="module")
def environment(output):
    return {**os.environ, "PYLIB_OUTPUT": str(output), "PYLIB_PORT": "0", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def facts(output, environment):
    run(environment, output)
    return json.loads(pylib(environment, "status", "--json").stdout)


def run(environment, output):
    command = [ROOT / "run_e2e.sh", "--task", "classification", "--output", str(output)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def pylib(environment, *arguments):
    return subprocess.run([PYLIB, *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(processor.instructions() != INSTRUCTIONS, reason=processor.shortfall())
def test_the_model_is_the_one_that_is_written_down_bit_for_bit(facts):
    """On any x86-64 machine with AVX2; `make golden` where the bits are meant to change."""
    assert sample.classifier(facts) == json.loads(sample.CLASSIFIER.read_text())


def test_the_sample_passes_the_gate_on_features_of_random_weights(facts, output):
    assert facts["gate"] == "passed"
    assert float(facts["macro_f1"].split()[0]) >= 0.80
    assert facts["data_commit"].startswith("inks@")
    assert "Confusion matrix" in Path(facts["report"]).read_text()
    assert "What was compared" in Path(facts["report"]).read_text()
    assert "Images to look at" in Path(facts["report"]).read_text()
    assert (output / "answer.png").read_bytes().startswith(b"\x89PNG")


def test_steps_that_take_a_while_say_what_they_do(facts):
    folder = Path(facts["report"]).parents[3] / "logs"
    assembled, released = [(folder / f"{step}.log").read_text() for step in ("assemble", "release")]
    assert "chooses among 6 heads, calibrates, exports and asks the export\n" in assembled
    assert re.search(r"puts the model into file://.*, commits it and registers it\n", released)


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
    assert answer["unsure"] is (answer["confidence"] < model.contract.confidence_threshold)


def test_the_answer_is_explained_back_to_its_images(facts, output, environment):
    answer = json.loads((output / "answer.json").read_text())
    explained = json.loads(pylib(environment, "explain", answer["prediction_id"], "--json").stdout)
    assert (explained["model"], explained["data"]) == (facts["model_sha256"], facts["data_commit"])
    assert (explained["mismatches"], explained["unchecked"]) == ([], None)


def test_every_step_left_a_record_each_head_its_own(facts):
    steps = Counter(step_name(each) for each in read_bundle(Path(facts["provenance"]).parent))
    once = ("release", "evaluate", "assemble", "features", "prepare", "ingest")
    assert steps == {"fit_head": 6, **dict.fromkeys(once, 1)}


def test_it_is_rebuilt_bit_for_bit_whatever_is_set_outside(facts, environment):
    done = pylib({**environment, **FOREIGN}, "reproduce", facts["model_sha256"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"rebuilt, bit for bit: model {facts['model_sha256']}" in done.stdout + done.stderr


def test_a_second_run_fits_nothing_again(facts, output, environment):
    before = (output / "latest").resolve()
    again = run(environment, output)
    assert (output / "latest").resolve() != before
    heads = [f"fit-head {name}" for name in ("logistic", "dense", "boosting", "svm", "knn_7", "knn_3")]
    for step in ("prepare", "features", *heads, "assemble", "evaluate"):
        assert re.search(rf"✓ {step} +[\d.]+ s, from the cache\n", again.stderr), step
    assert json.loads(pylib(environment, "status", "--json").stdout)["model_sha256"] == facts["model_sha256"]


def test_a_model_that_learned_next_to_nothing_is_kept_and_not_released(environment, tmp_path):
    """The same pictures with the digit as the class, whose shape random weights do not show."""
    make_sample(tmp_path / "inks")
    for picture in (tmp_path / "inks").rglob("*.jpg"):
        digit = tmp_path / "shapes" / picture.stem.split("_")[1]
        digit.mkdir(parents=True, exist_ok=True)
        picture.rename(digit / picture.name)
    taken = pylib(environment, "data", "ingest", str(tmp_path / "shapes"), "--task", "classification")
    assert taken.returncode == 0, taken.stderr
    quick = ["-p", "image_size=32", "-p", 'heads=["knn_3"]']
    done = pylib(environment, "run", "classification", "--data", taken.stdout.strip(), *quick)
    assert done.returncode == 1
    before, last = done.stderr.partition("✓ prepare")[0], done.stderr.splitlines()[-1]
    assert before.count("on real images quality will be poor") == 1
    assert last.startswith("error: step release failed: model")
    assert "macro_f1" in last
