"""Evaluation as a whole: a real Keras model and its export on a test split; the page; the ways to fail."""

import numpy as np
import pytest

from pylib.errors import DataError, ModelError
from pylib.evaluation.champion import Champion, read_comparison
from pylib.evaluation.evaluate import evaluate
from pylib.evaluation.exported import ExportedModel
from pylib.evaluation.gate import Gate
from pylib.evaluation.record import read_evaluation
from pylib.serving.reference import loads
from tests.evaluation.pages import check_page

GATE = Gate.model_validate({"mean_iou": {"minimum": 0.7}, "parity.same_class_share": {"minimum": 0.999}})


@pytest.mark.slow
def test_an_untrained_model_is_measured_reported_and_fails_the_gate(tmp_path, write_shards, write_onnx):
    from pylib.models.storage import save_model
    from pylib.models.unet import build_unet
    from pylib.models.unet_spec import UNetSpec
    from pylib.serving.export import export_onnx

    shards, folder = write_shards(tmp_path / "shards", images=20), tmp_path / "model"
    spec = UNetSpec(image_size=32, filters=(8, 8, 8, 8), classes=("object", "background", "border"))
    unet = build_unet(spec)
    save_model(unet, spec, folder)
    digest = export_onnx(unet, folder / "model.onnx", task=spec.task, classes=spec.classes, image_size=32)

    evaluation = evaluate(shards, folder, tmp_path / "evaluation", GATE)

    assert evaluation.model_digest == digest
    assert (evaluation.task, evaluation.items, evaluation.score) == ("segmentation", 20, "mean_iou")
    assert evaluation.parity["same_class_share"] >= 0.999
    assert 0 < evaluation.parity["max_probability_difference"] <= 1e-3
    details = evaluation.details
    assert (
        np.sum(details["confusion"]) == 20 * 32 * 32 == sum(each["count"] for each in details["reliability"])
    )
    assert [check.metric for check in evaluation.gate.failures] == ["mean_iou"]
    assert read_evaluation(tmp_path / "evaluation") == evaluation
    made = {path.name for path in (tmp_path / "evaluation").iterdir()}
    assert made == {"evaluation.json", "panels.json", "reference.json", "report.html"}
    reference = loads((tmp_path / "evaluation/reference.json").read_bytes(), "reference.json")
    assert reference.features["confidence"].items == 20, "held-out images; of training images there are none"
    check_page((tmp_path / "evaluation" / "report.html").read_text(encoding="utf-8"), evaluation)

    # Beside itself as the champion: no better, and the report says so.
    evaluate(shards, folder, tmp_path / "beside", GATE, Champion(digest, folder / "model.onnx"))
    beside = read_comparison(tmp_path / "beside")
    assert (beside.better, beside.low, beside.high, beside.ours - beside.theirs) == (False, 0, 0, 0)
    assert (
        "not released by itself: it does not beat the champion"
        in (tmp_path / "beside/report.html").read_text()
    )
    evaluate(shards, folder, tmp_path / "gone", GATE, Champion("f" * 64, None))
    assert "no longer in the artifact store" in read_comparison(tmp_path / "gone").reason
    strange = write_onnx(tmp_path / "strange.onnx", classes=["x", "y", "z"])
    evaluate(shards, folder, tmp_path / "strange", GATE, Champion("e" * 64, strange))
    assert read_comparison(tmp_path / "strange").reason == (
        "it cannot be compared with the champion eeeeeeeeeeee on this data: it has classes x, y, z, the data "
        "object, background, border; `pylib models promote candidate` releases it all the same"
    )

    # Another training run's weights beside this export: parity notices.
    save_model(build_unet(spec), spec, folder)
    other = evaluate(shards, folder, tmp_path / "other", GATE)
    assert "parity.same_class_share" in {check.metric for check in other.gate.failures}


def test_the_exported_model_answers_with_probabilities(tmp_path, write_onnx):
    model = ExportedModel(write_onnx(tmp_path / "model.onnx"))
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    answer = model.outputs(images)
    assert answer.dtype == np.float32
    assert answer.shape == images.shape
    assert np.allclose(answer.sum(-1), 1)
    assert np.array_equal(answer.argmax(-1), images.argmax(-1))


def _evaluate(tmp_path, shards, model):
    return evaluate(shards, model, tmp_path / "evaluation", GATE)


def test_no_test_image_is_an_error(tmp_path, write_onnx, write_shards):
    write_onnx(tmp_path / "model" / "model.onnx")
    with pytest.raises(DataError, match="has no test image"):
        _evaluate(tmp_path, write_shards(tmp_path / "shards", images=0), tmp_path / "model")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"classes": ["pet", "background", "border"]},
            "has classes pet, background, border, the data object",
        ),
        ({"task": "colouring"}, "is of the task colouring, the data of segmentation"),
        ({"size": 64}, "was made for images of 64 pixels, the shards hold 32"),
    ],
)
def test_a_model_for_other_data_is_refused(tmp_path, write_onnx, write_shards, changes, says):
    write_onnx(tmp_path / "model" / "model.onnx", **changes)
    with pytest.raises(ModelError, match=says):
        _evaluate(tmp_path, write_shards(tmp_path / "shards"), tmp_path / "model")
    assert not (tmp_path / "evaluation").exists()


@pytest.mark.parametrize("content", [None, b"", b"not ONNX"])
def test_a_damaged_export_is_one_line(tmp_path, content):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx") as error:
        ExportedModel(path)
    assert "\n" not in str(error.value)


def test_a_model_that_diverged_is_named(tmp_path, write_onnx):
    model = ExportedModel(write_onnx(tmp_path / "model.onnx", bias=(float("nan"), 0, 0)))
    with pytest.raises(ModelError, match="not finite: the training run diverged"):
        model.outputs(np.zeros((1, 32, 32, 3), np.uint8))
