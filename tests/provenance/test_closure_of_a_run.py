"""What the steps of a real run imported and opened of pylib is in what their records say they could use."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pylib.provenance.materials import ROOT
from pylib.provenance.statement import dependencies, read_bundle, step_name

PYLIB = Path(sys.executable).with_name("pylib")
HEAR = Path(__file__).parent / "used"
TINY = ("-p", "image_size=32", "-p", 'options={"epochs": 1}')
INGEST = """
from pathlib import Path
from pylib.data.plan import Options
from pylib.steps.ingest import ingest
from pylib.store.opening import open_store

store, place = open_store("out/store"), Path("out")
ingest("sample", store, "sample", Options(task="segmentation"), cache=place, report=place / "report")
"""


def tracked():
    return filter(None, subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A fork of this repository whose gate lets every model pass."""
    folder = tmp_path_factory.mktemp("fork") / "repository"
    for name in tracked():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "gates/segmentation.yaml").write_text("mean_iou: {minimum: 0}\n")
    git = ["git", "-c", "user.name=A Person", "-c", "user.email=person@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=All"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def used(repository):
    """By step, the files of pylib that its process imported or opened."""
    heard = repository / "out/used"
    heard.mkdir(parents=True)
    places = {"PYTHONPATH": f"{repository}{os.pathsep}{HEAR}", "PYLIB_OUTPUT": str(repository / "out")}
    for command in (
        [sys.executable, "-c", INGEST],
        [PYLIB, "run", "segmentation", "--data", "sample", *TINY],
    ):
        # No UTF-8, as in many a cron job: what steps say is passed on all the same.
        locale = {"PYTHONUTF8": "0", "LC_ALL": "C"}
        environment = {**os.environ, **places, **locale, "USED": str(heard)}
        done = subprocess.run(
            command, cwd=repository, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    found = {}
    for file in heard.iterdir():
        said = json.loads(file.read_text())
        if step := _step(said["command"]):
            found.setdefault(step, set()).update(_of_pylib(said["files"], repository))
    return found


def _step(command):
    if "--function_to_execute" in command:
        return command[command.index("--function_to_execute") + 1]
    return "ingest" if INGEST in command else None


def _of_pylib(paths, repository):
    for path in map(Path, paths):
        if (
            path.parent.name == "__pycache__"
        ):  # `x.cpython-311.pyc`, and `x.cpython-311.pyc.123` as it is written
            compiled = path.with_name(path.name.partition(".pyc")[0] + ".pyc")
            path = Path(importlib.util.source_from_cache(str(compiled)))  # noqa: PLW2901
        if path.is_relative_to(repository / "pylib"):
            yield path.relative_to(repository).as_posix()


@pytest.fixture(scope="module")
def recorded(repository, used):
    """By step, the files that its record lists."""
    (bundle,) = repository.glob("out/runs/*/*/release/released/provenance.intoto.jsonl")
    return {
        step_name(made): next(r["annotations"]["files"] for r in dependencies(made) if r["name"] == "pylib")
        for made in read_bundle(bundle.parent)
    }


@pytest.mark.slow
@pytest.mark.parametrize("step", ["ingest", "prepare", "train", "evaluate", "release"])
def test_all_that_a_step_used_is_in_its_record(step, used, recorded):
    # The store that ingest writes to is handed to it: that is its caller's code.
    callers = {path for path in used[step] if path.startswith(("pylib/store/", "pylib/settings"))}
    assert used[step] - (callers if step == "ingest" else set()) <= set(recorded[step])
    assert f"pylib/steps/{step}.py" in used[step]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "file"),
    [
        ("prepare", "pylib/tasks/segmentation/records.py"),
        ("train", "pylib/tasks/segmentation/objective.py"),
        ("evaluate", "pylib/tasks/segmentation/templates/report.html.j2"),
        ("evaluate", "pylib/evaluation/templates/base.html.j2"),
        ("release", "pylib/release/manifest.py"),
    ],
)
def test_what_imports_do_not_show_was_heard_too(step, file, used):
    assert file in used[step]
