"""What of pylib a step uses, found without running it: in copies of the tree, edited, moved and installed."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pylib.provenance.closure import files, is_left, modules
from pylib.provenance.materials import ROOT

STEPS = ("ingest", "prepare", "train", "evaluate", "release")
KEYS = """
import json, sys
from pylib.provenance.statement import Definition
task, *steps = sys.argv[1:]
print(json.dumps({s: Definition(s, {}, (), f"pylib.steps.{s}", task or None).key() for s in steps}))
"""


@pytest.fixture
def copy(tmp_path):
    """The repository's code as Git would check it out, without what Python left there."""
    for name in ("katib", "pylib", "components", "locks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def keys(folder, task="segmentation"):
    """Each step's key, as a process says that has its code from there."""
    command = [sys.executable, "-c", KEYS, task, *STEPS]
    return json.loads(subprocess.check_output(command, cwd=folder, text=True))


def changed(folder, edit):
    before = keys(folder)
    edit()
    after = keys(folder)
    return {step for step in STEPS if after[step] != before[step]}


def append(file, text="\nEDITED = True\n"):
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ("pylib/cli/run.py", set()),
        ("pylib/cli/__init__.py", set()),
        ("pylib/cli/verbs.py", set()),
        ("pylib/serving/local.py", set()),
        ("pylib/serving/engine.py", set()),
        ("pylib/serving/protocols/seldon/rest.py", set()),
        ("pylib/runners/cluster.py", set()),
        ("pylib/provenance/explain.py", set()),
        ("pylib/tasks/segmentation/answer.py", set()),
        ("pylib/tasks/segmentation/layout.py", {"ingest"}),
        ("pylib/tasks/segmentation/checks.py", {"ingest", "evaluate", "release"}),
        ("pylib/data/ingest.py", {"ingest"}),
        ("pylib/data/templates/report.html.j2", {"ingest"}),
        ("pylib/data/images.py", {"ingest", "prepare", "evaluate", "release"}),
        ("pylib/data/shard_writer.py", {"prepare"}),
        ("pylib/tasks/segmentation/objective.py", {"train", "evaluate"}),  # which attacks by its gradient
        ("pylib/training/loop.py", {"train"}),
        ("pylib/serving/export.py", {"train"}),
        ("pylib/models/unet.py", {"train", "evaluate"}),
        ("pylib/evaluation/templates/charts.html.j2", {"evaluate"}),
        ("pylib/tasks/segmentation/templates/report.html.j2", {"evaluate"}),
        ("pylib/tasks/segmentation/judgement.py", {"evaluate", "release"}),
        ("pylib/release/message.py", {"release"}),
        ("pylib/store/local.py", {"prepare", "train", "evaluate", "release"}),
        ("pylib/data/__init__.py", set(STEPS)),
        ("pylib/errors.py", set(STEPS)),
        ("locks/train.txt", set(STEPS)),
        ("components/train.py", set()),  # all that a component can change are arguments
    ],
)
def test_a_change_is_another_key_of_the_steps_that_can_use_it_and_of_no_other(copy, edited, expected):
    comment = "{# edited #}" if edited.endswith(".j2") else "\n# edited\n"
    assert changed(copy, lambda: append(copy / edited, comment)) == expected


def test_a_changed_help_text_leaves_every_key_as_it_is(copy):
    file = copy / "pylib/cli/run.py"
    text = file.read_text(encoding="utf-8")
    assert "submit to Kubeflow Pipelines" in text
    reworded = text.replace("submit to Kubeflow Pipelines", "hand it to Kubeflow Pipelines")
    assert changed(copy, lambda: file.write_text(reworded, encoding="utf-8")) == set()


def test_an_import_inside_a_function_counts_and_one_for_the_type_checker_does_not(copy):
    file = copy / "pylib/training/loop.py"
    append(file, "\n\ndef _late():\n    from pylib.serving import local\n    return local\n")
    assert changed(copy, lambda: append(copy / "pylib/serving/local.py")) == {"train"}
    append(
        file, "\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pylib.runners import logs\n"
    )
    assert changed(copy, lambda: append(copy / "pylib/runners/logs.py")) == set()


def test_an_aspect_counts_as_soon_as_code_reads_it(copy):
    assert changed(copy, lambda: append(copy / "pylib/tasks/segmentation/answer.py")) == set()
    append(copy / "pylib/training/schedules.py", "\n\ndef _read(task):\n    return task.answer\n")
    assert changed(copy, lambda: append(copy / "pylib/tasks/segmentation/answer.py")) == {"train"}


def test_a_new_task_leaves_the_keys_of_the_others_as_they_are(copy):
    def add():
        shutil.copytree(copy / "pylib/tasks/segmentation", copy / "pylib/tasks/another")

    whole = keys(copy, task="")
    assert changed(copy, add) == set()
    assert keys(copy, task="") != whole, "where no task is named, each counts"
    assert keys(copy, task="another")["train"] != keys(copy)["train"]


def test_how_the_files_lie_there_is_no_part_of_a_key(copy):
    def touch():
        for file in (copy / "pylib").rglob("*.*"):
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
            file.chmod(0o600)
        (copy / "pylib/__pycache__").mkdir(exist_ok=True)
        (copy / "pylib/__pycache__/left.txt").write_text("over")
        (copy / "pylib/data/.checks.py.swp").write_text("over")

    assert changed(copy, touch) == set()


LEFT = ("nohup.out", "train.log", "loop.py.orig", "loop.py.rej", "loop.py~", "#loop.py#", "core.4711")
READ = ("schedule.json", "page.html.j2", "weights.bin", "names", "core.json", "login")


def test_what_was_left_beside_the_code_is_no_part_of_a_key(copy):
    def leave():
        for name in LEFT:
            (copy / "pylib/training" / name).write_text("left")

    assert changed(copy, leave) == set()


def test_any_other_file_counts_for_code_may_read_it_before_it_is_in_git(copy):
    assert [name for name in READ if is_left(Path("pylib/training") / name)] == []
    readers = {"train", "evaluate", "release"}  # release writes a run to MLflow, as training does
    assert changed(copy, lambda: (copy / "pylib/training/names").write_text("new")) == readers


def test_no_file_in_git_has_the_name_of_what_is_left():
    tracked = subprocess.check_output(["git", "ls-files", "-z", "pylib"], cwd=ROOT, text=True).split("\0")
    assert "pylib/provenance/closure.py" in tracked
    assert [name for name in filter(None, tracked) if is_left(Path(name))] == []


def test_a_step_that_is_none_of_pylibs_uses_all_of_it():
    everything = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pylib").rglob("*.py")}
    assert everything <= set(files("tests.provenance.test_step"))


def test_a_task_s_modules_are_all_that_is_imported_by_name():
    """What imports do not show would be missed: of all that steps use, only pylib.tasks.task does that."""
    used = {name for step in STEPS for name in modules(f"pylib.steps.{step}")}
    by_name = {name for name in used if _imports_by_name(name)}
    assert by_name == {"pylib.tasks.task"}


def _imports_by_name(module):
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(names & {"__import__", "exec", "eval", "import_module"} or "import_module" in attributes)


def test_files_that_are_no_code_lie_in_packages_of_their_own():
    """So that they count for those who import that package, and not for all of its neighbours."""
    data = [p for p in (ROOT / "pylib").rglob("*") if p.suffix not in {".py", ".pyc"} and p.is_file()]
    assert {p.name for p in data} > {"report.html.j2", "base.html.j2"}
    beside = {p for p in data if {each.name for each in p.parent.glob("*.py")} != {"__init__.py"}}
    assert {p.name for p in beside} == {"py.typed"}


def test_a_checkout_an_image_and_an_installed_wheel_have_the_same_code(copy, tmp_path):
    """The image's stage `train` copies the folders and byte-compiles them; `pip install` makes a wheel."""
    for name in ("pipelines", "preflight"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    uv = shutil.which("uv", path=str(ROOT / ".venv/bin")) or "uv"
    place = tmp_path / "site-packages"
    install = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--offline"]
    subprocess.run([*install, "--no-build-isolation", "--target", place, copy], check=True)
    for name in ("katib", "pylib"):
        shutil.copytree(ROOT / name, tmp_path / "app" / name, ignore=shutil.ignore_patterns("__pycache__"))
    compiled = subprocess.run([sys.executable, "-m", "compileall", "-q", tmp_path / "app"], check=True)
    assert compiled.returncode == 0
    code = (
        "import json, sys; from pylib.provenance.closure import files; print(json.dumps(files(sys.argv[1])))"
    )
    for folder in (place, tmp_path / "app"):
        command = [sys.executable, "-c", code, "pylib.steps.train"]
        found = subprocess.check_output(command, cwd=folder, text=True)
        assert json.loads(found) == files("pylib.steps.train")
