"""Records that do not say how a model was made: each kind says which file it is, and what to do."""

import json
from datetime import UTC, datetime

import pytest

from pylib.errors import ProvenanceError, ReproductionError
from pylib.provenance.digests import BUNDLE, sha256_file
from pylib.provenance.statement import Definition, build_statement, write_bundle
from pylib.provenance.step import subjects
from pylib.reproduction.recorded import recorded_steps


def record(step, outputs):
    at = datetime(2026, 11, 28, tzinfo=UTC)
    return build_statement(Definition(step, {}, ()), subjects(outputs), at, at)


@pytest.fixture
def model(tmp_path):
    """A folder with what looks like a model to all but its server, and the record of its training."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"a model")
    write_bundle(folder, [record("train", {"model": folder})])
    return folder


def refusal(folder, kind=ReproductionError):
    with pytest.raises(kind) as error:
        recorded_steps(folder, sha256_file(folder / "model.onnx"))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_whole_record_is_read(model):
    (step,) = recorded_steps(model, sha256_file(model / "model.onnx"))
    assert (step.name, list(step.outputs["model"])) == ("train", ["model.onnx"])


def test_an_altered_model_is_named_with_both_digests(model):
    recorded = sha256_file(model / "model.onnx")
    (model / "model.onnx").write_bytes(b"another model")
    found = sha256_file(model / "model.onnx")
    assert refusal(model) == (
        f"{model}/model.onnx: its SHA-256 is {found[:12]}, and {recorded[:12]} in the record beside it; "
        f"was it altered? Restore the file, or name the released model {recorded[:12]}"
    )


def test_records_without_the_training_say_whose_they_are(model, tmp_path):
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/index.json").write_text("{}")
    write_bundle(model, [record("prepare", {"shards": tmp_path / "shards"})])
    assert refusal(model).startswith(f"{model / BUNDLE}: records of prepare, and none of how model ")


def test_an_empty_record_is_said_to_be_empty(model):
    (model / BUNDLE).write_text("")
    assert refusal(model, ProvenanceError).startswith(f"{model / BUNDLE}: empty, so it has no record")


def test_a_cut_record_is_said_to_be_cut(model):
    whole = (model / BUNDLE).read_text()
    (model / BUNDLE).write_text(whole + whole[: len(whole) // 2])
    said = refusal(model, ProvenanceError)
    assert said.startswith(f"{model / BUNDLE}: line 2 is no whole record (")
    assert "was it cut? Restore the file" in said


@pytest.mark.parametrize("line", ["[]", "1", "null", "{}"])
def test_what_is_no_statement_is_named_with_its_path(model, line):
    (model / BUNDLE).write_text(line + "\n")
    said = refusal(model, ProvenanceError)
    assert said.startswith(f"{model / BUNDLE}: line 1: ")
    assert "not an in-toto statement" in said


@pytest.mark.parametrize("part", ["buildType", "externalParameters", "internalParameters"])
def test_a_statement_without_a_part_that_all_have_is_named_with_its_path(model, part):
    statement = json.loads((model / BUNDLE).read_text())
    del statement["predicate"]["buildDefinition"][part]
    (model / BUNDLE).write_text(json.dumps(statement) + "\n")
    assert refusal(model, ProvenanceError).startswith(f"{model / BUNDLE}: line 1: ")
