"""The U-Net, its encoders, their weights, and the model folder."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pylib.errors import ModelError
from pylib.models.backbones import find_weights
from pylib.models.encoders import build_encoder
from pylib.models.spec import WeightsOrigin
from pylib.models.storage import WEIGHTS_FILE, load_model, save_model, weights_sha256
from pylib.models.unet import build_unet, logits_of
from pylib.models.unet_spec import EncoderName, UNetSpec

CLASSES = ("object", "background", "border")
SPEC = UNetSpec(classes=CLASSES, filters=(8, 8, 8, 8), image_size=64)
PRETRAINED = SPEC.model_copy(update={"weights": WeightsOrigin(origin="file", sha256="0" * 64)})


def pixels(height: int, width: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_unet(SPEC)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a MobileNetV2 without its top, as keras.applications gives it, with known values."""
    keras.utils.set_random_seed(5)
    base = keras.applications.MobileNetV2(
        alpha=0.35, include_top=False, weights=None, input_shape=(224, 224, 3)
    )
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    base.save_weights(path)
    return path


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96), (160, 128)])
def test_any_size_divisible_by_32_gives_probabilities_of_that_size(
    model: keras.Model, height: int, width: int
) -> None:
    answer = model(pixels(height, width, 2)).numpy()
    assert answer.shape == (2, height, width, 3)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer.sum(axis=-1), 1, atol=1e-5)


def test_logits_are_those_of_the_same_variables(model: keras.Model) -> None:
    image = pixels(64, 64)
    np.testing.assert_allclose(tf.nn.softmax(logits_of(model)(image)), model(image), atol=1e-6)
    assert {v.path for v in logits_of(model).variables} == {v.path for v in model.variables}


@pytest.mark.parametrize("encoder", ["mobilenet_v2", "vgg19"])
def test_pixels_are_scaled_as_the_encoder_learned_them(encoder: EncoderName) -> None:
    unet = build_unet(SPEC.model_copy(update={"encoder": encoder}))
    normalise = keras.Model(unet.input, unet.get_layer("normalise").output)
    module = getattr(keras.applications, encoder)
    image = pixels(32, 32)
    expected = module.preprocess_input(image.astype(np.float32))
    np.testing.assert_allclose(normalise(image), expected, atol=1e-4)


@pytest.mark.parametrize("encoder", ["mobilenet_v2", "vgg19"])
def test_levels_halve_the_size_each(encoder: EncoderName) -> None:
    built = build_encoder(SPEC.model_copy(update={"encoder": encoder}))
    sizes = [level.shape[1:3] for level in built(np.zeros((1, 64, 96, 3), np.float32))]
    assert sizes == [(32, 48), (16, 24), (8, 12), (4, 6), (2, 3)]


def test_an_encoder_with_weights_keeps_its_normalisation(weights: Path) -> None:
    unet = build_unet(PRETRAINED, weights)
    norms = [
        layer
        for layer in unet.get_layer("encoder").layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    before = [[variable.numpy() for variable in layer.variables] for layer in norms]
    logits_of(unet)(pixels(32, 32, 4), training=True)
    for layer, values in zip(norms, before, strict=True):
        assert not layer.trainable_variables
        for variable, value in zip(layer.variables, values, strict=True):
            np.testing.assert_array_equal(variable.numpy(), value)
    assert unet.get_layer("encoder").trainable_variables


def test_an_encoder_from_scratch_learns_its_normalisation() -> None:
    unet = build_unet(SPEC)
    layer = unet.get_layer("encoder").get_layer("bn_Conv1")
    assert isinstance(layer, keras.layers.BatchNormalization)
    before = layer.moving_mean.numpy()
    logits_of(unet)(pixels(32, 32, 4), training=True)
    assert not np.array_equal(layer.moving_mean.numpy(), before)
    assert len(layer.trainable_variables) == 2


def test_a_frozen_encoder_has_nothing_to_learn(weights: Path) -> None:
    unet = build_unet(UNetSpec.model_validate(PRETRAINED.model_dump() | {"frozen": True}), weights)
    assert not unet.get_layer("encoder").trainable_variables
    assert all(variable.path.startswith(("up_", "logits")) for variable in unet.trainable_variables)


def test_weights_of_a_file_are_those_of_the_encoder(weights: Path) -> None:
    path, origin = find_weights(weights, "mobilenet_v2", 0.35)
    assert origin == WeightsOrigin(origin="file", sha256=hashlib.sha256(weights.read_bytes()).hexdigest())
    base = keras.applications.MobileNetV2(
        alpha=0.35, include_top=False, weights=None, input_shape=(64, 64, 3)
    )
    base.load_weights(weights)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    expected = keras.Model(base.input, base.get_layer("block_16_project").output)(image)
    np.testing.assert_allclose(build_encoder(SPEC, path)(image)[-1], expected, atol=1e-5)


@pytest.mark.parametrize(("encoder", "alpha"), [("mobilenet_v2", 0.5), ("mobilenet_v2", 1.0), ("vgg19", 1.0)])
def test_weights_that_do_not_fit_are_refused_in_one_line(
    weights: Path, encoder: EncoderName, alpha: float
) -> None:
    with pytest.raises(ModelError, match="not weights of") as caught:
        build_encoder(SPEC.model_copy(update={"encoder": encoder, "alpha": alpha}), weights)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["none.weights.h5", "text.weights.h5", "short.weights.h5", "any.keras"])
def test_files_that_are_no_weights_are_refused_in_one_line(weights: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.startswith("short"):
        path.write_bytes(weights.read_bytes()[:5000])
    elif not name.startswith("none"):
        path.write_text("not weights")
    with pytest.raises(ModelError) as caught:
        build_encoder(SPEC, find_weights(path, "mobilenet_v2", 0.35)[0])
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_folder_gives_the_model_back_and_the_same_bytes(model: keras.Model, tmp_path: Path) -> None:
    save_model(model, SPEC, tmp_path / "a")
    loaded = load_model(tmp_path / "a")
    image = pixels(64, 64)
    np.testing.assert_array_equal(loaded(image), model(image))
    save_model(loaded, SPEC, tmp_path / "b")
    assert (tmp_path / "a" / WEIGHTS_FILE).read_bytes() == (tmp_path / "b" / WEIGHTS_FILE).read_bytes()


def test_the_digest_of_weights_is_that_of_their_values_dtypes_and_shapes(model: keras.Model) -> None:
    """As anybody can make it of the arrays, frozen or not, and whatever Keras calls the layers."""
    digest = hashlib.sha256()
    for variable in model.weights:
        values = variable.numpy()
        digest.update(f"{values.dtype} {values.shape}\n".encode() + values.tobytes())
    before = weights_sha256(model)
    assert before == digest.hexdigest()
    moving = next(variable for variable in model.non_trainable_weights if "moving" in variable.path)
    values = moving.numpy()
    moving.assign(values + 1)
    assert weights_sha256(model) != before
    moving.assign(values)
    assert weights_sha256(model) == before


@pytest.mark.parametrize("how", ["missing", "short", "of another model"])
def test_a_damaged_model_folder_is_refused_in_one_line(
    model: keras.Model, weights: Path, tmp_path: Path, how: str
) -> None:
    save_model(model, SPEC, tmp_path)
    path = tmp_path / WEIGHTS_FILE
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:9000] if how == "short" else weights.read_bytes())
    with pytest.raises(ModelError) as caught:
        load_model(tmp_path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
