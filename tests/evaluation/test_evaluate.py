"""Evaluation as a whole: a real Keras model and its export on a test split; the page; the ways to fail."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from pylib.errors import ConfigurationError, DataError, ModelError, ReleaseError
from pylib.evaluation import calibration
from pylib.evaluation.evaluate import evaluate
from pylib.evaluation.exported import ExportedModel
from pylib.evaluation.figures import Measured, examples
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.parity import Agreement
from pylib.evaluation.record import ClassMetrics, Evaluation, Example, GateResult, read_evaluation
from pylib.evaluation.report import Panel, render
from pylib.training.metrics import mean_iou

GATE = Gate.model_validate({"mean_iou": {"minimum": 0.7}, "parity.same_class_share": {"minimum": 0.999}})


@pytest.mark.slow
def test_an_untrained_model_is_measured_reported_and_fails_the_gate(tmp_path, write_shards):
    from pylib.models.spec import ModelSpec
    from pylib.models.storage import save_model
    from pylib.models.unet import build_unet
    from pylib.serving.export import export_onnx

    shards, folder = write_shards(tmp_path / "shards", images=20), tmp_path / "model"
    spec = ModelSpec(image_size=32, filters=(8, 8, 8, 8), classes=("object", "background", "border"))
    unet = build_unet(spec)
    save_model(unet, spec, folder)
    digest = export_onnx(unet, folder / "model.onnx", classes=spec.classes, image_size=32)

    evaluation = evaluate(shards, folder, tmp_path / "evaluation", GATE)

    assert evaluation.model_digest == digest
    assert evaluation.images == evaluation.parity.images == 20
    assert evaluation.parity.same_class_share >= 0.999
    assert 0 < evaluation.parity.max_probability_difference <= 1e-3
    assert np.sum(evaluation.confusion) == 20 * 32 * 32 == sum(bins.pixels for bins in evaluation.reliability)
    assert [check.metric for check in evaluation.gate.failures] == ["mean_iou"]
    assert read_evaluation(tmp_path / "evaluation") == evaluation
    assert {path.name for path in (tmp_path / "evaluation").iterdir()} == {"evaluation.json", "report.html"}
    _check_page((tmp_path / "evaluation" / "report.html").read_text(encoding="utf-8"), evaluation)

    # Another training run's weights beside this export: parity notices.
    save_model(build_unet(spec), spec, folder)
    other = evaluate(shards, folder, tmp_path / "other", GATE)
    assert "parity.same_class_share" in {check.metric for check in other.gate.failures}


def _check_page(page: str, evaluation) -> None:
    """It parses, closes what it opens, refers to nothing outside itself and shows what was measured."""
    parser = _Tags()
    parser.feed(page)
    assert parser.open == []
    assert not re.search(r"""(?:src|href)=["'](?!data:)|url\(|@import""", page)
    assert page.count("data:image/png;base64,") == 4 * len(evaluation.examples)
    assert {evaluation.model_digest, "not passed"} <= set(re.findall(r"[0-9a-f]{64}|not passed", page))
    assert all(example.id in page for example in evaluation.examples)


def test_the_page_of_many_classes_with_hostile_and_absent_names(make_figures):
    names = ["<script>", "a very long name of a class", *(f"class {number}" for number in range(19))]
    scores = ClassMetrics(iou=0.5, f1=0.5, precision=0.5, recall=0.5)
    absent = ClassMetrics(iou=None, f1=None, precision=None, recall=None)
    figures = make_figures(
        classes=names,
        confusion=np.diag([0, *range(1, 21)]).tolist(),
        per_class=dict.fromkeys(names, scores) | {"<script>": absent},
        examples=[Example(id="one", rank="best", mean_iou=0.5)],
    )
    evaluation = Evaluation(**dict(figures), gate=GateResult(passed=False, checks=[]))
    mask = np.arange(256 * 256, dtype=np.uint32).reshape(256, 256).astype(np.uint8) % 21
    pixels = np.repeat(mask[..., np.newaxis], 3, axis=-1)
    page = render(evaluation, [Panel(evaluation.examples[0], pixels, mask, mask)])
    assert "<script>" not in page
    assert page == render(evaluation, [Panel(evaluation.examples[0], pixels, mask, mask)])
    _check_page(page, evaluation)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, _attributes):
        if tag not in {"meta", "img", "link", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, _attributes):
        assert tag in {"rect", "line"}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_exported_model_answers_with_probabilities(tmp_path, write_onnx):
    model = ExportedModel(write_onnx(tmp_path / "model.onnx"))
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 64, 3), dtype=np.uint8)
    answer = model.probabilities(images)
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
        model.probabilities(np.zeros((1, 32, 32, 3), np.uint8))


@pytest.mark.parametrize("images", [1, 2, 5, 9, 30])
def test_examples_are_distinct_and_in_order(images):
    hits = np.random.default_rng(images).permutation(images)
    confusions = np.array([[[hit, images - hit], [0, 5]] for hit in hits])
    measured = Measured(
        confusions, np.zeros((images, 1, 1), np.uint8), calibration.Reliability.empty(), Agreement()
    )
    chosen = examples(measured, [f"image_{n}" for n in range(images)])
    scores = [mean_iou(confusion) for confusion in confusions]
    assert len({place for place, _ in chosen}) == len(chosen) == min(images, 9)
    assert [example.mean_iou for _, example in chosen] == sorted((scores[p] for p, _ in chosen), reverse=True)
    assert all(example.id == f"image_{place}" for place, example in chosen)
    assert chosen[0][1].mean_iou == max(scores)
    assert chosen[-1][1].mean_iou == min(scores)
    ranks = [example.rank for _, example in chosen]
    assert ranks == sorted(ranks)  # best, median, worst


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("", "the file: Invalid JSON"),
        ("[]", "the file: Input should be an object"),
        ('{"format": 2}', "format: Input should be 1"),
    ],
)
def test_a_damaged_evaluation_is_one_line(tmp_path, content, says):
    if content is not None:
        (tmp_path / "evaluation.json").write_text(content)
    with pytest.raises(ReleaseError, match=says) as error:
        read_evaluation(tmp_path)
    assert "\n" not in str(error.value)


def test_the_gate_may_not_ask_for_a_class_that_there_is_not(make_figures):
    with pytest.raises(ConfigurationError, match=r"unknown metric 'per_class\.cat\.iou'"):
        decide(Gate.model_validate({"per_class.cat.iou": {"minimum": 0.6}}), make_figures())


def test_evaluation_json_has_no_nan(make_figures):
    absent = ClassMetrics(iou=None, f1=None, precision=None, recall=None)
    figures = make_figures(per_class={"object": absent})
    evaluation = Evaluation(**dict(figures), gate=GateResult(passed=True, checks=[]))
    text = evaluation.dumps()
    assert json.loads(text)["per_class"]["object"]["iou"] is None
    assert Evaluation.model_validate_json(text) == evaluation
