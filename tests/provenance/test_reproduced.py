"""The proof that a model was rebuilt: an in-toto test result, of that model and no other."""

import json

import pytest

from pylib.errors import ProvenanceError
from pylib.provenance.reproduced import FILE, attest, is_reproduced

DIGEST = "a" * 64


def test_a_proof_is_of_one_model(tmp_path):
    assert not is_reproduced(tmp_path, DIGEST)
    attest(tmp_path, DIGEST, ["prepare", "train"], [{"name": "git", "digest": {"gitCommit": "c" * 40}}])
    assert is_reproduced(tmp_path, DIGEST)
    assert not is_reproduced(tmp_path, "b" * 64)


@pytest.mark.parametrize(
    "edit",
    [
        lambda proof: proof["predicate"].update(result="FAILED"),
        lambda proof: proof["subject"].append({"name": "other", "digest": {"sha256": "b" * 64}}),
    ],
)
def test_what_is_no_proof_of_it_counts_for_nothing(tmp_path, edit):
    attest(tmp_path, DIGEST, ["train"], [])
    proof = json.loads((tmp_path / FILE).read_text())
    edit(proof)
    (tmp_path / FILE).write_text(json.dumps(proof))
    assert not is_reproduced(tmp_path, DIGEST)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"_type": "x"}', "no json"])
def test_a_damaged_proof_is_named(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ProvenanceError, match=r"reproduced\.intoto\.json: not an in-toto test result"):
        is_reproduced(tmp_path, DIGEST)
