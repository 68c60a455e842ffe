"""The whole story, as a person runs it: ./run_e2e.sh on the built-in sample, then every promise about it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest

from pylib import INSTRUCTIONS, processor
from pylib.data.dataset import DatasetIndex
from pylib.data.images import decode_image
from pylib.provenance.digests import sha256_file
from pylib.provenance.statement import read_bundle, step_name
from pylib.serving.client import Client
from pylib.store.opening import open_store
from tests.golden import sample

ROOT = Path(__file__).resolve().parents[1]
PYLIB = ROOT / ".venv" / "bin" / "pylib"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("e2e") / "out"


@pytest.fixture(scope="session")
def environment(output):
    return {**os.environ, "PYLIB_OUTPUT": str(output), "PYLIB_PORT": "0", "COLUMNS": "200"}


@pytest.fixture(scope="session")
def tree():
    return subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True)


@pytest.fixture(scope="session")
def first(output, environment, tree):
    """A run that leaves its server up."""
    yield start(environment, "--output", str(output), "--keep-serving")
    subprocess.run([PYLIB, "serve", "--stop"], env=environment, check=True, capture_output=True)


def start(environment, *options):
    done = subprocess.run(
        [ROOT / "run_e2e.sh", *options], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def pylib(environment, *arguments):
    return subprocess.run([PYLIB, *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def facts(first, environment):
    return json.loads(pylib(environment, "status", "--json").stdout)


def test_the_table_says_what_came_out(first, facts, output):
    assert facts["gate"] == "passed"
    assert float(facts["mean_iou"].split()[0]) >= 0.80
    assert len(facts["model_sha256"]) == 64
    assert facts["model_sha256"] in first.stdout
    assert facts["data_commit"] in first.stdout
    assert Path(facts["report"]).read_text().startswith("<!")
    assert (output / "answer.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(processor.instructions() != INSTRUCTIONS, reason=processor.shortfall())
def test_the_model_is_the_one_that_is_written_down_bit_for_bit(facts, output):
    """On any x86-64 machine with AVX2; `make golden` where the bits are meant to change."""
    found, expected = sample.observed(output), sample.golden()
    epochs = list(zip(found["weights_sha256"], expected["weights_sha256"], strict=False))
    differing = [epoch for epoch, (here, there) in enumerate(epochs) if here != there]
    assert differing == [], f"epoch {differing[0]} is the first with other weights"
    assert found == expected


def test_every_step_left_a_record(facts):
    steps = [step_name(s) for s in read_bundle(Path(facts["provenance"]).parent)]
    assert steps == ["release", "train", "prepare", "ingest", "evaluate"]


def test_a_second_run_takes_every_step_from_the_cache(first, facts, output, environment, tmp_path):
    before = (output / "latest").resolve()
    again = start({**environment, "PYLIB_PORT": "0"}, "--output", str(output), "--keep-serving")
    after = (output / "latest").resolve()
    assert after != before
    for step in ("prepare", "train", "evaluate"):
        assert "nothing changed" in (after / "logs" / f"{step}.log").read_text()
        assert re.search(rf"✓ {step} +[\d.]+ s, from the cache\n", again.stderr)
    assert re.search(r"✓ release +[\d.]+ s\n", again.stderr)
    assert json.loads(pylib(environment, "status", "--json").stdout)["model_sha256"] == facts["model_sha256"]


def test_the_release_is_one_commit_in_a_clone_and_nothing_else_changed(facts, output, tree):
    clone = output / "gitops"
    subject = subprocess.check_output(["git", "log", "--format=%H %s", "-1"], cwd=clone, text=True)
    assert subject.startswith(f"{facts['release_commit']} Release segmentation {facts['model_sha256'][:12]}")
    changed = subprocess.check_output(
        ["git", "show", "--name-only", "--format=", "HEAD"], cwd=clone, text=True
    )
    assert changed.split() == ["cluster-conf/models/segmentation/base/seldondeployment.yaml"]
    assert subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True) == tree


@pytest.fixture
def questions(facts, output):
    store = open_store(str(output / "store"))
    index = DatasetIndex.loads(store.read(facts["data_commit"], "dataset.json"))
    items = [item for item in index.items if item.split == "test"][:20]
    return [store.read(facts["data_commit"], item.image) for item in items]


def test_the_served_answer_is_the_exported_models_pixel_for_pixel(facts, questions, output, environment):
    from pylib.data.images import resize_image, resize_mask
    from pylib.evaluation.exported import ExportedModel

    served = json.loads((output / "serving" / "segmentation" / "server.json").read_text())
    model = ExportedModel(output / "artifacts" / "models" / facts["model_sha256"] / "model.onnx")
    assert len(questions) == 20
    with Client(served["url"]) as client:
        for data in questions:
            answer = client.predict(data)
            pixels = decode_image(data)
            small = resize_image(pixels, model.image_size)
            here = model.outputs(small[None])[0].argmax(-1).astype(np.uint8)
            np.testing.assert_array_equal(answer.answer.mask, resize_mask(here, pixels.shape[:2]))
            assert answer.tags["model_digest"] == facts["model_sha256"]


def test_git_revert_and_serve_bring_the_former_model_back(facts, output, environment, questions, tmp_path):
    for name in ("artifacts", "gitops"):
        shutil.copytree(output / name, tmp_path / "out" / name, symlinks=True)
    there = {**environment, "PYLIB_OUTPUT": str(tmp_path / "out")}
    second, judged = another_model(output, tmp_path)
    done = pylib(there, "release", str(tmp_path / "model"), str(judged), "--data", facts["data_commit"])
    assert done.returncode == 0, done.stderr
    assert served_digest(there, questions[0]) == second
    subprocess.run(["git", "revert", "--no-edit", "HEAD"], cwd=tmp_path / "out" / "gitops", check=True)
    assert served_digest(there, questions[0]) == facts["model_sha256"]


def another_model(output, folder):
    """The run's model with a note in its ONNX file, so another digest, and its evaluation to match."""
    run = (output / "latest").resolve()
    shutil.copytree(next(run.glob("*/train/model")), folder / "model")
    model = onnx.load(folder / "model" / "model.onnx")
    model.doc_string = "another"
    onnx.save(model, folder / "model" / "model.onnx")
    digest = sha256_file(folder / "model" / "model.onnx")
    judged = json.loads((next(run.glob("*/evaluate/evaluation")) / "evaluation.json").read_text())
    (folder / "evaluation.json").write_text(json.dumps(judged | {"model_digest": digest}))
    return digest, folder / "evaluation.json"


def served_digest(environment, image):
    server = json.loads(pylib(environment, "serve", "--detach", "--json").stdout)
    try:
        with Client(server["url"]) as client:
            return client.predict(image).tags["model_digest"]
    finally:
        assert pylib(environment, "serve", "--stop").returncode == 0


def test_an_answer_is_explained_back_to_its_images(facts, output, environment):
    answer = json.loads((output / "answer.json").read_text())
    explained = json.loads(pylib(environment, "explain", answer["prediction_id"], "--json").stdout)
    assert explained["model"] == facts["model_sha256"]
    assert explained["data"] == facts["data_commit"]
    assert explained["mismatches"] == []
    store = open_store(str(output / "store"))
    index = DatasetIndex.loads(store.read(facts["data_commit"], "dataset.json"))
    learned = {(item.id, item.image_sha256) for item in index.items if item.split == "train"}
    assert {(image["id"], image["sha256"]) for image in explained["images"]} == learned


def test_explain_draws_a_tree(facts, environment):
    shown = pylib(environment, "explain", facts["model_sha256"][:12])
    assert shown.returncode == 0, shown.stderr
    for word in (
        "train",
        "prepare",
        "ingest",
        "source  dirHash:",
        "pylib:sample",
        "evaluate",
        "served by Git commit",
        "every digest checked",
    ):
        assert word in shown.stdout


@pytest.mark.parametrize("altered", ["model.weights.h5", "dataset.json", "evaluation/evaluation.json"])
def test_an_altered_file_is_named_with_both_digests(facts, output, environment, tmp_path, altered):
    folder = tmp_path / "model"
    shutil.copytree(output / "artifacts" / "models" / facts["model_sha256"], folder)
    (folder / altered).write_bytes((folder / altered).read_bytes() + b"\n")
    shown = pylib(environment, "explain", str(folder))
    assert shown.returncode == 1
    assert shown.stderr.startswith(f"error: {altered}: SHA-256 is ")
    assert "the record says" in shown.stderr


def test_an_altered_image_is_named(facts, output, environment, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(output / "store", store)
    index = DatasetIndex.loads(open_store(str(store)).read(facts["data_commit"], "dataset.json"))
    item = next(item for item in index.items if item.split == "train")
    blob = next(
        path for path in store.rglob("*") if path.is_file() and item.image_sha256[4:] in path.as_posix()
    )
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:-1] + b"\0")
    shown = pylib({**environment, "PYLIB_STORE": str(store)}, "explain", facts["model_sha256"])
    assert shown.returncode == 1
    assert item.id in shown.stderr


def test_a_model_that_fails_the_gate_is_kept_reported_and_not_released(facts, output, environment):
    before = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=output / "gitops")
    quick = ["-p", 'options={"epochs": 1, "filters": [8, 8, 8, 8]}', "-p", "image_size=32"]
    done = pylib(environment, "run", "segmentation", "--data", facts["data_commit"], *quick)
    assert done.returncode == 1
    assert "error: step release failed: model" in done.stderr
    assert "mean_iou" in done.stderr.splitlines()[-1]
    kept = max((output / "runs").iterdir())
    assert next(kept.glob("*/train/model/model.onnx")).is_file()
    assert next(kept.glob("*/evaluate/evaluation/report.html")).is_file()
    assert subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=output / "gitops") == before


def test_a_failing_step_shows_its_own_last_line_and_its_log(facts, environment, tmp_path):
    """A commit made by hand, in which an image is not the one that its index names: only a step reads it."""
    pylib(environment, "data", "get", facts["data_commit"], str(tmp_path / "edited"))
    image = min((tmp_path / "edited/images").iterdir())
    image.write_bytes(image.read_bytes() + b"edited")
    made = pylib(environment, "data", "commit", "edited", str(tmp_path / "edited"), "--json")
    commit = f"edited@{json.loads(made.stdout)['id']}"
    done = pylib(environment, "run", "segmentation", "--data", commit)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: step prepare failed: ")
    assert image.name in last
    log = Path(last.rpartition("(log: ")[2].rstrip(")"))
    assert image.name in log.read_text()


def test_what_can_be_checked_is_checked_before_the_first_step(facts, environment):
    done = pylib(environment, "run", "segmentation", "--data", facts["data_commit"], "-p", "image_size=33")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: image_size=33: ")
