"""A model by its digest, by an answer, by the commit that released it, or by its folder."""

import json

import pytest

from pylib.errors import ReproductionError
from pylib.provenance.digests import sha256_file
from pylib.reproduction.named import named_model


@pytest.fixture
def named(tmp_path):
    def find(what):
        found = named_model(
            what,
            artifacts=str(tmp_path / "artifacts"),
            predictions=tmp_path / "predictions.jsonl",
            repositories=[tmp_path / "gitops"],
        )
        with found as (folder, digest):
            assert sha256_file(folder / "model.onnx") == digest
            return digest

    return find


@pytest.fixture
def released(tmp_path, promote):
    return promote("first"), promote("second", figures={"iou": 0.9})


def test_by_its_digest_or_the_first_of_it(named, released):
    first, second = (made.digest for made in released)
    assert [named(first), named(second[:10])] == [first, second]


def test_by_its_digest_in_capitals(named, released):
    first, second = (made.digest for made in released)
    assert [named(first.upper()), named(second[:10].upper())] == [first, second]


def test_by_the_commit_that_released_it(named, released):
    assert [named(made.commit) for made in released] == [made.digest for made in released]
    assert named("HEAD") == released[1].digest


def test_by_an_answer(named, released, tmp_path):
    answer = "4ee2f166-285c-461e-af32-62820c742035"
    entry = {"prediction_id": answer, "model_digest": released[0].digest}
    (tmp_path / "predictions.jsonl").write_text(json.dumps(entry) + "\n")
    assert named(answer) == released[0].digest


def test_by_its_folder(named, released, tmp_path):
    assert named(str(tmp_path / "first" / "model")) == released[0].digest


def test_a_folder_without_a_model_is_named(named, tmp_path):
    with pytest.raises(ReproductionError, match=r"a folder without model\.onnx"):
        named(str(tmp_path))


@pytest.mark.parametrize("what", ["0" * 64, "an-answer", "--all", "HEAD~20", ""])
def test_what_nobody_knows_is_one_line(named, released, what):
    with pytest.raises(ReproductionError, match="nor is it a Git commit that released one") as error:
        named(what)
    assert "\n" not in str(error.value)
