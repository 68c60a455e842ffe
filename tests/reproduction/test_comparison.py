"""What differs first between a record and what was made again, in words that a person can act on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.provenance.digests import manifest
from pylib.reproduction.circumstances import differing
from pylib.reproduction.comparison import differences, evaluation_differences, first_difference
from pylib.reproduction.recorded import RecordedStep

HISTORY = {
    "config": {"seed": 0, "batch_size": 8},
    "environment": {"threads": 8},
    "epochs": [{"epoch": 0, "loss": 1.0}, {"epoch": 1, "loss": 0.5}],
    "weights_sha256": ["a" * 64, "b" * 64],
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, ""),
        ({"environment": {"threads": 4}}, ""),
        (
            {"config": {"seed": 1, "batch_size": 8}},
            "seed was 0 in training, and is 1 by the record of the step",
        ),
        ({"weights_sha256": ["a" * 64, "c" * 64]}, "the weights differ from epoch 2 of 2"),
        ({"weights_sha256": ["c" * 64, "c" * 64]}, "the weights differ from epoch 1 of 2"),
        ({"weights_sha256": ["a" * 64]}, "1 epochs, recorded 2"),
    ],
)
def test_where_two_histories_part(change, says):
    assert first_difference(HISTORY, {**HISTORY, **change}) == says


def test_a_history_of_a_former_version_is_compared_by_its_figures():
    former = {name: value for name, value in HISTORY.items() if name != "weights_sha256"}
    other = {**former, "epochs": [HISTORY["epochs"][0], {"epoch": 1, "loss": 0.6}]}
    assert first_difference(former, HISTORY) == ""
    assert first_difference(former, other) == "the weights differ from epoch 2 of 2"


@given(st.lists(st.sampled_from("ab"), min_size=1), st.lists(st.sampled_from("ab"), min_size=1))
def test_nothing_is_said_exactly_where_nothing_differs(old, new):
    said = first_difference({"weights_sha256": old}, {"weights_sha256": new})
    assert (said == "") == (old == new)


@pytest.fixture
def trained(tmp_path):
    """A recorded step, the folder of the recorded model, and one with the same made again."""
    for folder in (tmp_path / "kept", tmp_path / "again" / "model"):
        folder.mkdir(parents=True)
        (folder / "history.json").write_text(json.dumps(HISTORY))
        (folder / "model.onnx").write_bytes(b"model")
    step = RecordedStep("train", {}, {}, {"model": manifest(tmp_path / "kept")}, {})
    return step, tmp_path / "again", tmp_path / "kept"


def test_the_same_has_no_difference(trained):
    assert differences(*trained) == []


def test_another_machine_alone_is_no_difference(trained):
    (trained[1] / "model/history.json").write_text(json.dumps({**HISTORY, "environment": {"threads": 2}}))
    assert differences(*trained) == []


def test_the_file_that_explains_the_others_comes_first(trained):
    (trained[1] / "model/a.bin").write_bytes(b"new")
    (trained[1] / "model/model.onnx").write_bytes(b"other")
    (trained[1] / "model/history.json").write_text(json.dumps({**HISTORY, "weights_sha256": ["a", "b"]}))
    first, *others = map(str, differences(*trained))
    assert first.startswith("step train: model/history.json (the weights differ from epoch 1 of 2; SHA-256 ")
    assert others[0] == "step train: model/a.bin is not in the record"
    assert others[1].startswith("step train: model/model.onnx (SHA-256 ")


def test_a_file_that_was_not_made_is_named(trained):
    (trained[1] / "model/model.onnx").unlink()
    assert str(differences(*trained)[0]) == "step train: model/model.onnx was not made"


@pytest.mark.parametrize(("iou", "beyond"), [(0.8 + 1e-6, False), (0.9, True)])
def test_an_evaluation_may_differ_by_as_much_as_processors_do(tmp_path, judged, iou, beyond):
    """The digest in both is that of one model; the figures are those of two processors."""
    kept, again = (judged(name, iou=value)[1].parent for name, value in (("kept", 0.8), ("again", iou)))
    written = json.loads((again / "evaluation/evaluation.json").read_text())
    written["model_digest"] = json.loads((kept / "evaluation/evaluation.json").read_text())["model_digest"]
    (again / "evaluation/evaluation.json").write_text(json.dumps(written))
    step = RecordedStep("evaluate", {}, {}, {"evaluation": manifest(kept / "evaluation")}, {})
    found = [str(each) for each in differences(step, again, kept)]
    assert len(found) == beyond
    assert all("metrics.mean_iou: 0.8, rebuilt 0.9 (beyond" in each for each in found)
    assert evaluation_differences(step, again, kept)


def test_circumstances_are_told_by_name():
    recorded = {
        "python": "3.11.7",
        "git": {"digest": {"gitCommit": "a"}},
        "packages": {"digest": {"sha256": "a"}, "annotations": {"pillow": "12.0.0", "numpy": "2.4.6"}},
        "locks/train.txt": {"digest": {"sha256": "1" * 64}},
        "pylib": {
            "digest": {"dirHash": "1"},
            "annotations": {"files": {"pylib/a.py": "1" * 64, "pylib/b.py": "1"}},
        },
    }
    now = {
        "python": "3.12.1",
        "git": {"digest": {"gitCommit": "b"}},
        "packages": {"digest": {"sha256": "b"}, "annotations": {"pillow": "13.0.0", "numpy": "2.4.6"}},
        "locks/train.txt": {"digest": {"sha256": "2" * 64}},
        "pylib": {
            "digest": {"dirHash": "2"},
            "annotations": {"files": {"pylib/a.py": "2" * 64, "pylib/b.py": "1"}},
        },
        "new": 1,
    }
    assert differing(recorded, recorded) == []
    assert differing(recorded, now) == [
        "locks/train.txt: 111111111111 recorded, 222222222222 now",
        "pillow 12.0.0 recorded, 13.0.0 now",
        "pylib/a.py 111111111111 recorded, 222222222222 now",
        "python: 3.11.7 recorded, 3.12.1 now",
    ]
