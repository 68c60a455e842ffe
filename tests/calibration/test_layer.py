"""The calibration in Keras and in the exported graph says what it says in NumPy."""

from pathlib import Path

import numpy as np
import pytest

from pylib.models.calibration import Calibration, Curve, Isotonic, Temperature, Vector, calibrated

pytestmark = pytest.mark.slow
_CURVES = (
    Curve(x=(0.1, 0.5, 0.9), y=(0.05, 0.3, 0.7)),
    Curve(x=(0.2,), y=(0.4,)),
    Curve(x=(0.0, 0.01, 0.6), y=(0.001, 0.2, 0.99)),
)
CALIBRATIONS = [
    Temperature(temperature=2.5),
    Vector(scale=(0.5, 1.0, 2.0), bias=(1.0, 0.0, -1.0)),
    Isotonic(temperature=1.5, curves=_CURVES),
]


@pytest.mark.parametrize("calibration", CALIBRATIONS, ids=lambda each: each.kind)
def test_the_exported_graph_is_calibrated(calibration: Calibration, tmp_path: Path) -> None:
    import keras

    from pylib.evaluation.exported import ExportedModel
    from pylib.models.calibration_layer import probabilities
    from pylib.serving.export import export_onnx

    image = keras.Input((8, 8, 3), dtype="uint8", name="image")
    pixels = keras.layers.Rescaling(1 / 16, dtype="float32", name="logits")(image)
    model = keras.Model(image, probabilities(pixels, calibration), name="calibrated_pixels")
    path = tmp_path / "model.onnx"
    digest = export_onnx(model, path, task="segmentation", classes=["a", "b", "c"], image_size=8)
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    expected = calibrated(calibration, images.astype(np.float32) / 16)
    np.testing.assert_allclose(ExportedModel(path).outputs(images), expected, atol=1e-4)
    np.testing.assert_allclose(np.asarray(model(images)), expected, atol=1e-4)
    assert export_onnx(model, path, task="segmentation", classes=["a", "b", "c"], image_size=8) == digest


def test_a_classifier_with_another_calibration_is_stored_and_read_back(tmp_path: Path) -> None:
    from pylib.models.storage import load_model, save_model
    from pylib.tasks.classification import network

    spec = network.ClassifierSpec(classes=("a", "b", "c"), image_size=32)
    plain = network.build(spec, None)
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), np.uint8)
    logits = np.asarray(network.trained_part(plain)(images))
    for calibration in CALIBRATIONS:
        model, found = network.calibrated(plain, spec, calibration)
        save_model(model, found, tmp_path)
        again = load_model(tmp_path)
        np.testing.assert_allclose(np.asarray(again(images)), calibrated(calibration, logits), atol=1e-5)
