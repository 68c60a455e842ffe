import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pylib import processor

PYLIB = Path(sys.executable).with_name("pylib")


def pylib(*arguments, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run([PYLIB, *arguments], capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run", "segmentation", "--data", "none@master"], "no store at"),
        (["run", "segmentation", "--data", "a b"], "names no commit"),
        (["explain", "0123456789abcdef"], "is no released model, prediction or folder"),
        (["status"], "no finished run in it"),
        (["compile", "nothing"], "pipeline 'nothing': not in"),
        (["data", "ingest", "no/such/folder"], "no such folder or archive"),
        (["data", "ls", "none@master"], "no store at"),
        (["serve"], "run the pipeline, or `pylib release`"),
        (["released"], "is no repository with releases"),
    ],
)
def test_what_a_person_can_mend_is_one_line_and_status_1(tmp_path, arguments, reason):
    done = pylib(*arguments, PYLIB_OUTPUT=str(tmp_path / "out"))
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr


def test_an_output_that_is_no_folder_is_said(tmp_path):
    (tmp_path / "out").write_text("")
    done = pylib("status", PYLIB_OUTPUT=str(tmp_path / "out"))
    assert done.returncode == 1
    assert "is not a folder; name a folder for the results" in done.stderr


def test_every_verb_has_a_help_text():
    for verb in (
        [],
        ["data"],
        ["run"],
        ["compile"],
        ["serve"],
        ["predict"],
        ["explain"],
        ["doctor"],
        ["status"],
    ):
        shown = pylib(*verb, "--help")
        assert shown.returncode == 0
        assert "Usage: pylib" in shown.stdout


def test_the_doctor_finds_what_the_tests_need():
    done = pylib("doctor", "--json")
    found = {check["name"]: check["found"] for check in json.loads(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert found["kfp"] == "2.17.0"
    assert found["seldon-core"] == "1.17.1"
    assert found["git"].startswith("git version")
    expected = f"{processor.best_instructions()}, {processor.model_name()}"
    assert found["AVX2"] == (None if processor.shortfall() else expected)


def test_the_doctor_names_what_is_missing_and_how_to_get_it(tmp_path):
    done = pylib("doctor", PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "error: git is missing: install git\n"
    assert "kubectl" in done.stdout


def test_starting_up_imports_nothing_heavy():
    heavy = ("tensorflow", "keras", "kfp", "mlflow", "sklearn", "onnxruntime", "grimp")
    code = (
        "import sys; from pylib.cli.verbs import VERBS, Verbs; [Verbs().get_command(None, v) for v in VERBS]"
    )
    shown = subprocess.check_output(
        [sys.executable, "-c", f"{code}; print([m for m in {heavy} if m in sys.modules])"], text=True
    )
    assert shown == "[]\n"


def test_a_verb_does_not_wait_for_the_imports_of_the_others():
    code = "import sys; from pylib.cli.verbs import Verbs; Verbs().get_command(None, 'explain')"
    shown = subprocess.check_output(
        [sys.executable, "-c", f"{code}; print(*(m for m in sys.modules if m.startswith('pylib.cli.')))"],
        text=True,
    )
    assert shown.split() == ["pylib.cli.verbs", "pylib.cli.explain"]
