"""Models that `pylib reproduce` refuses in somebody's repository: before anything runs, leaving nothing."""

import json
import signal
import subprocess
import sys

import pytest

from pylib.provenance.digests import BUNDLE
from tests.person import as_in_git
from tests.signals import unignored

RECORD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pylib.provenance.statement import Definition, build_statement, write_bundle
from pylib.provenance.step import subjects

at, model = datetime.now(UTC), Path(sys.argv[1])
definition = Definition("train", {}, (), "pylib.steps.train", "segmentation")
write_bundle(model, [build_statement(definition, subjects({"model": model}), at, at)])
"""
AT_WORK = """
import sys
from pathlib import Path
from pylib.provenance.digests import sha256_file
from pylib.reproduction.recorded import recorded_steps
from pylib.reproduction.workplace import workplace
from pylib.termination import terminable

model, folder = map(Path, sys.argv[1:])
with terminable(), workplace(recorded_steps(model, sha256_file(model / "model.onnx")), folder):
    print("at work", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    return as_in_git(tmp_path_factory.mktemp("refused") / "repository")


@pytest.fixture
def model(person, tmp_path):
    """A folder with the record that `train` would leave of it in the person's working tree."""

    def make():
        folder = tmp_path / "model"
        folder.mkdir()
        (folder / "model.onnx").write_bytes(b"a model")
        command = [sys.executable, "-c", RECORD, folder]
        subprocess.run(command, cwd=person.repository, env=person.environment, check=True)
        return folder

    return make


def refusal(person, *arguments):
    refused = person.tries("reproduce", *map(str, arguments))
    assert refused.returncode == 1, refused.stderr
    assert "was run again" not in refused.stderr
    assert list(person.output.glob("reproductions/*")) == []
    assert person.git("worktree", "list").count("\n") == 1
    return refused.stderr.splitlines()[-1]


def test_code_that_no_commit_has_is_named(person, model):
    objective = person.repository / "pylib/tasks/segmentation/objective.py"
    committed = objective.read_text()
    objective.write_text(committed + "\nEDITED = True\n")
    made = model()
    objective.write_text(committed)
    said = refusal(person, made)
    assert "step train was made with another pylib/tasks/segmentation/objective.py; its working tree" in said


def test_code_that_was_never_added_is_named(person, model):
    template = person.repository / "pylib/training/another.html.j2"
    template.write_text("never added")
    made = model()
    template.unlink()
    assert "with a pylib/training/another.html.j2 that it does not have" in refusal(person, made)


def test_an_altered_model_leaves_nothing(person, model):
    made = model()
    (made / "model.onnx").write_bytes(b"another")
    assert "in the record beside it; was it altered?" in refusal(person, made)


def test_a_commit_that_is_not_here_leaves_nothing(person, model):
    made = model()
    record = json.loads((made / BUNDLE).read_text())
    for resource in record["predicate"]["buildDefinition"]["resolvedDependencies"]:
        if resource["name"] == "git":
            resource["digest"]["gitCommit"] = "c" * 40
    (made / BUNDLE).write_text(json.dumps(record) + "\n")
    assert "whose code made this model, is not here" in refusal(person, made)


@pytest.mark.parametrize(
    ("file", "why"), [("/nonexist", "No such file or directory"), ("/", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_named(person, model, file, why):
    said = refusal(person, model(), "--file", file)
    assert said == f"error: --file {file}: {why}; name a file that is there"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_no_worktree(person, model, tmp_path, number):
    command = [sys.executable, "-c", AT_WORK, model(), tmp_path / "code"]
    with subprocess.Popen(
        command,
        cwd=person.repository,
        env=person.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=unignored,  # noqa: PLW1509
    ) as process:
        assert process.stdout.readline() == "at work\n"
        assert (tmp_path / "code/pylib").is_dir()
        process.send_signal(number)
        process.wait(60)
    assert process.returncode != 0
    assert not (tmp_path / "code").exists()
    assert person.git("worktree", "list").count("\n") == 1
