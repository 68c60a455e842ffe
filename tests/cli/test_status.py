"""`pylib status` reads what runs left, this version's and the former's, whatever their task."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pylib.evaluation.record import read_evaluation
from pylib.provenance.materials import ROOT

ASKED_ID = "4ee2f166-285c-461e-af32-62820c742035"
ASKED = {"prediction_id": ASKED_ID, "latency_seconds": 0.0192, "model_digest": "d" * 64}
PYLIB = Path(sys.executable).with_name("pylib")
FORMER = ROOT / "tests/evaluation/format_1/evaluation.json"
NOW = read_evaluation(FORMER).model_copy(update={"score": "f1", "items": 40})


@pytest.fixture
def output(tmp_path):
    run = tmp_path / "out/runs/segmentation-1"
    (run / "x/evaluate/evaluation").mkdir(parents=True)
    (run / "x/release/released").mkdir(parents=True)
    release = {"digest": "d" * 64, "commit": "c" * 40, "data_commit": "sample@1"}
    (run / "x/release/released/release.json").write_text(json.dumps(release))
    (tmp_path / "out/latest").symlink_to("runs/segmentation-1")
    return tmp_path / "out"


def status(output, judged):
    (next(output.glob("latest/*/evaluate/evaluation")) / "evaluation.json").write_bytes(judged)
    done = subprocess.run(
        [PYLIB, "status", "--json"],
        env=os.environ | {"PYLIB_OUTPUT": str(output)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_score_has_its_own_name(output):
    shown = status(output, NOW.dumps())
    assert shown["f1"] == "0.585 on 40 test items"
    assert "mean_iou" not in shown
    assert status(output, FORMER.read_bytes())["mean_iou"] == "0.465 on 35 test items"


@pytest.mark.parametrize(
    ("logged", "said"),
    [
        ({"class_shares": {"cat": 0.25, "dog": 0.75}, "mean_confidence": 0.98765},
         "cat 25%, dog 75%, mean confidence 0.988; in 19 ms"),
        ({"answer": {"brightness": 0.5}}, "brightness 0.5; in 19 ms"),
        ({"answer": {"label": "cat", "unsure": True}}, "label cat, unsure; in 19 ms"),
        ({"answer": {"label": "cat", "unsure": False}}, "label cat; in 19 ms"),
    ],
)  # fmt: skip
def test_the_answer_is_what_the_log_of_predictions_says(output, logged, said):
    (output / "answer.json").write_text(json.dumps(ASKED))
    lines = [{"prediction_id": ASKED_ID.replace("4", "5"), "answer": {}}, {"prediction_id": ASKED_ID, **logged}]
    (output / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shown = status(output, NOW.dumps())
    assert (shown["answer"], shown["prediction"]) == (said, ASKED_ID)


def test_an_answer_that_no_log_here_knows_has_its_latency(output):
    (output / "answer.json").write_text(json.dumps(ASKED))
    assert status(output, NOW.dumps())["answer"] == "in 19 ms"


def test_the_answer_of_another_model_is_not_shown(output):
    (output / "answer.json").write_text(json.dumps(ASKED | {"model_digest": "e" * 64}))
    assert not {"answer", "prediction"} & status(output, NOW.dumps()).keys()


def test_of_a_pipeline_of_another_shape_its_folder_is_known(output):
    (release,) = output.glob("latest/*/release/released/release.json")
    release.unlink()
    release.parent.rmdir()
    assert status(output, NOW.dumps()) == {"run": str((output / "latest").resolve())}
