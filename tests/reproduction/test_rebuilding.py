"""Models made again from the artifact store, the data store and Git; and planted differences, each named."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pylib.provenance.digests import BUNDLE
from pylib.provenance.reproduced import is_reproduced
from tests.person import PYLIB, as_in_git
from tests.signals import unignored

pytestmark = pytest.mark.slow

GATE = "images: {minimum: 1}\nparity.same_class_share: {minimum: 0.9}\nreproduced: true\n"
QUICK = ("-p", "image_size=32", "-p", 'options={"epochs": 2, "batch": 8}')


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """Bright squares on dark ground, and where they are."""
    folder, draw = tmp_path_factory.mktemp("source") / "shapes", np.random.default_rng(3)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(48):
        pixels = draw.integers(0, 90, (40, 40, 3), dtype=np.uint8)
        mask = np.zeros((40, 40), np.uint8)
        top, left = draw.integers(0, 20, 2)
        pixels[top : top + 18, left : left + 18] += 150
        mask[top : top + 18, left : left + 18] = 1
        Image.fromarray(pixels).save(folder / "images" / f"shape{number:02}.png")
        Image.fromarray(mask).save(folder / "masks" / f"shape{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """Somebody whose gate asks for models that were rebuilt."""
    there = as_in_git(tmp_path_factory.mktemp("rebuilding") / "repository")
    (there.repository / "gates/segmentation.yaml").write_text(GATE)
    there.git("commit", "--quiet", "--all", "--message=A gate that asks for a rebuilt model")
    return there


@pytest.fixture(scope="module")
def data(person, shapes):
    return person.runs("data", "ingest", str(shapes), "--classes", "0=ground,1=square").split()[-1]


@pytest.fixture(scope="module")
def digest(person, data):
    """A released model, whose release rebuilt it."""
    person.runs("run", "segmentation", "--data", data, *QUICK)
    return json.loads(person.runs("released", "--json"))["digest"]


def folder_of(person, digest):
    return person.output / "artifacts/models" / digest


def trained_now(person):
    """The newest folder that the step `train` made."""
    found = person.output.glob("runs/*/*/train/model/model.onnx")
    return max(found, key=lambda path: path.stat().st_mtime_ns).parent


def test_the_gate_had_it_rebuilt_before_it_was_released(person, digest):
    assert is_reproduced(folder_of(person, digest), digest)
    assert "rebuilt bit for bit" in json.loads(person.runs("released", "--json"))["gate"]


def test_a_model_is_rebuilt_from_artifacts_data_and_git_alone(person, digest):
    for path in person.output.iterdir():
        if path.name not in {"artifacts", "store", "gitops"}:
            path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
    commit = json.loads(person.runs("released", "--json"))["commit"]
    assert f"rebuilt, bit for bit: model {digest}" in person.runs("reproduce", commit)
    assert person.git("worktree", "list").count("\n") == 1
    assert list((person.output / "reproductions").iterdir()) == []


def test_without_the_data_it_says_so_before_anything_runs(person, digest, tmp_path):
    person.environment["PYLIB_STORE"] = str(tmp_path / "empty")
    refused = person.tries("reproduce", digest)
    del person.environment["PYLIB_STORE"]
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("error: data shapes@")
    assert "was run again" not in refused.stderr


def test_without_the_code_it_says_so(person, digest, tmp_path):
    other = as_in_git(tmp_path / "repository")
    other.environment |= {name: value for name, value in person.environment.items() if name == "PYLIB_OUTPUT"}
    refused = other.tries("reproduce", digest)
    assert refused.returncode == 1
    assert "whose code made this model, is not here; `git fetch` it" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_step_too_and_leaves_nothing(person, digest, number):
    before = set(person.output.glob("reproductions/*"))
    command = [PYLIB, "reproduce", digest.upper()]
    with subprocess.Popen(
        command,
        cwd=person.repository,
        env=person.environment,
        stderr=subprocess.DEVNULL,
        preexec_fn=unignored,  # noqa: PLW1509
    ) as process:
        while not rerunning(person):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        process.wait(60)
    assert process.returncode != 0
    assert rerunning(person) == []
    assert set(person.output.glob("reproductions/*")) == before
    assert person.git("worktree", "list").count("\n") == 1


def rerunning(person):
    """The processes that run a step again for this person."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            said = file.read_bytes().decode(errors="replace")
            found += [said] if "rerun.py" in said and str(person.output) in said else []
    return found


def edited(person, digest, change):
    """A copy of a model in which the record of its step `train` says something else."""
    copy = person.output / "edited"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder_of(person, digest), copy)
    records = [json.loads(line) for line in (copy / BUNDLE).read_text().splitlines()]
    for record in records:
        definition = record["predicate"]["buildDefinition"]
        if "/train/" in definition["buildType"]:
            change(definition)
    (copy / BUNDLE).write_text("".join(json.dumps(record) + "\n" for record in records))
    return copy


def test_another_seed_is_named(person, digest):
    copy = edited(
        person, digest, lambda definition: definition["externalParameters"]["parameters"].update(seed=1)
    )
    refused = person.tries("reproduce", str(copy))
    assert refused.returncode == 1
    assert "step train: model/history.json (seed was 0 in training, and is 1 by the record" in refused.stderr


def test_a_pixel_of_an_image_is_named(person, data, digest):
    """One bit of one image's file in the store, as a disk may turn it."""
    image = json.loads(person.runs("data", "ls", data, "images/*", "--json"))[0]
    (blob,) = (path for path in person.output.glob("store/blobs/**/*") if image["sha256"].endswith(path.name))
    good, mode = blob.read_bytes(), blob.stat().st_mode
    blob.chmod(0o600)
    blob.write_bytes(bytes([good[0] ^ 1]) + good[1:])
    refused = person.tries("reproduce", digest)
    blob.write_bytes(good)
    blob.chmod(mode)
    assert refused.returncode == 1
    assert "step prepare cannot be run again" in refused.stderr
    assert image["path"] in refused.stderr


def trained_only(person, data):
    """The model of a run whose release refuses it at once, instead of rebuilding it first."""
    gate = person.repository / "gates/segmentation.yaml"
    gate.write_text("images: {minimum: 1000}\n")
    try:
        person.tries("run", "segmentation", "--data", data, *QUICK)
    finally:
        gate.write_text(GATE)
    return trained_now(person)


def test_a_line_of_the_loss_is_named(person, data):
    """A model of a working tree that was never committed."""
    objective = person.repository / "pylib/tasks/segmentation/objective.py"
    committed = objective.read_text()
    assert "_SMOOTH = 1.0" in committed
    objective.write_text(committed.replace("_SMOOTH = 1.0", "_SMOOTH = 2.0"))
    try:
        model = trained_only(person, data)
    finally:
        objective.write_text(committed)
    refused = person.tries("reproduce", str(model))
    assert refused.returncode == 1
    assert "step train was made with another pylib/tasks/segmentation/objective.py" in refused.stderr
    assert "was run again" not in refused.stderr


def test_another_pillow_is_named(person, data, tmp_path):
    """A model that was made beside a Pillow which is not the lock's, and turns pixels over."""
    other = another_pillow(tmp_path)
    former = person.environment["PYTHONPATH"]
    person.environment["PYTHONPATH"] = f"{other}:{former}"
    try:
        model = trained_only(person, data)
        # Beside that Pillow too: the environment is made anew from the lock, and does not have it.
        refused = person.tries("reproduce", str(model))
    finally:
        person.environment["PYTHONPATH"] = former
    assert refused.returncode == 1
    assert "step prepare: shards/" in refused.stderr
    assert "pillow 13.0.0+other recorded, 13.0.0 now" in refused.stderr


def another_pillow(folder):
    """The installed Pillow, one line of which is another, under a version of its own."""
    installed = Path(Image.__file__).parent
    shutil.copytree(installed, folder / "PIL")
    changed = folder / "PIL/Image.py"
    text = changed.read_text()
    assert "def resize(" in text
    changed.write_text(
        text
        + "\n_plain = Image.resize\nImage.resize = lambda self, *a, **k: _plain(self.transpose(0), *a, **k)\n"
    )
    (folder / "pillow-13.0.0+other.dist-info").mkdir()
    (folder / "pillow-13.0.0+other.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: pillow\nVersion: 13.0.0+other\n"
    )
    libraries = installed.parent / "pillow.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "pillow.libs")
    seen = [sys.executable, "-c", "import PIL; print(PIL.__file__)"]
    found = subprocess.check_output(seen, env={"PYTHONPATH": str(folder)}, text=True)
    assert found.startswith(str(folder))
    return folder
