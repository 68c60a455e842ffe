"""The backbones: the table, what is built of it, that it sees pixels as Keras' own does, and its export."""

import hashlib
import importlib
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras.src.applications.mobilenet_v2 import _make_divisible
from keras.src.utils import file_utils

from pylib.errors import ModelError
from pylib.models.backbones import BACKBONES, Backbone, build_backbone, check_imagenet, find_weights, table
from pylib.models.backbones.blocks import COUNTS, blocks
from pylib.models.backbones.imagenet_weights import IMAGENET, ImageNetWeights
from pylib.models.spec import WeightsOrigin
from pylib.serving.export import export_onnx

MODULES = {
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3": "mobilenet_v3",
    "EfficientNetB": "efficientnet",
    "EfficientNetV2": "efficientnet_v2",
    "InceptionV3": "inception_v3",
    "Xception": "xception",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "ResNet50": "resnet",
    "ConvNeXt": "convnext",
}
"""The module of keras.applications by how the names of its networks begin."""

SIBLINGS = {
    *("mobilenet_v3_large", "efficientnet_b3", "efficientnet_b5", "efficientnet_v2_b1", "efficientnet_v2_b3"),
    "vgg19",
}
"""Of the same blocks as a smaller one: what is exported of that one shows how each block of theirs is."""


def pixels(side: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (count, side, side, 3)).astype(np.float32)


def keras_own(backbone: Backbone, *, weights: str | None = None, alpha: float = 1.0) -> keras.Model:
    """The network as a user of Keras builds it, pooled, for the smallest images that it takes."""
    side = backbone.minimum_size
    options = {"alpha": alpha} if backbone.has_alpha else {}
    return getattr(keras.applications, backbone.application)(
        include_top=False, weights=weights, input_shape=(side, side, 3), pooling="avg", **options
    )


def preprocessed(backbone: Backbone, image: np.ndarray) -> np.ndarray:
    module = next(module for start, module in MODULES.items() if backbone.application.startswith(start))
    module = importlib.import_module(f"keras.applications.{module}")
    return module.preprocess_input(image.copy())


def scatter(network: keras.Model) -> None:
    """Give every weight a value of its own, so that none can stand in another's place unseen."""
    random = np.random.default_rng(3)
    for variable in network.weights:
        value = variable.numpy()
        if value.dtype == np.float32 and value.ndim == 1:
            variable.assign(value + random.uniform(0, 0.2, value.shape))


def as_imagenet_has_it(network: keras.Model) -> None:
    """Write into EfficientNet what its file of ImageNet has: mean, and the deviation as the variance."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            layer.adapt_mean.assign([0.485, 0.456, 0.406])
            layer.adapt_variance.assign([0.229, 0.224, 0.225])


def assert_close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    assert np.abs(expected).max() > 0
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of MobileNetV2 0.35, as Keras 3 writes them."""
    keras.utils.set_random_seed(5)
    network = keras_own(BACKBONES["mobilenet_v2"], alpha=0.35)
    scatter(network)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    network.save_weights(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_is_that_of_keras_from_pixels_to_onnx(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights stand in a file like ImageNet's, which Keras takes for those it downloads, and so do we."""
    backbone = BACKBONES[name]
    keras.utils.set_random_seed(1)
    file, asked = tmp_path / "imagenet.h5", []
    source = keras_own(backbone)
    scatter(source)
    as_imagenet_has_it(source)
    source.save(file)
    del source

    def fetched(fname: str, origin: str, file_hash: str | None = None, **_: str) -> Path:
        asked.append((fname, origin, file_hash))
        return file

    monkeypatch.setattr(file_utils, "get_file", fetched)
    image = pixels(backbone.minimum_size)
    expected = keras_own(backbone, weights="imagenet")(preprocessed(backbone, image)).numpy()
    url = backbone.weights.url.format(alpha=1.0)
    assert asked == [(url.rsplit("/", 1)[1], url, backbone.weights.digest)]

    model = build_backbone(name, image_size=backbone.minimum_size, weights=file)
    features = model(image).numpy()
    assert (features.shape, features.dtype) == ((1, backbone.width()), np.float32)
    assert_close(features, expected, 1e-4)
    assert not model.trainable_variables
    assert COUNTS[name] == len(blocks([layer.name for layer in model.layers]))

    if name not in SIBLINGS:
        assert_close(exported(model, tmp_path / "model.onnx", image), features, 1e-3)
    keras.backend.clear_session()


def exported(model: keras.Model, file: Path, image: np.ndarray) -> np.ndarray:
    """What the model's ONNX says of an image."""
    export_onnx(model, file, task="any", classes=[], image_size=image.shape[1])
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(["features"], {"pixels": image})[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "inception_v3", "xception", "convnext_tiny"])
def test_what_was_built_before_changes_no_byte(name: str, tmp_path: Path) -> None:
    """Keras numbers layers by what the process built; their names are written beside the weights."""
    written = []
    for turn in "ab":
        keras.utils.set_random_seed(1)
        model = build_backbone(name, image_size=75)
        model.save_weights(tmp_path / f"{turn}.weights.h5")
        written.append((tmp_path / f"{turn}.weights.h5").read_bytes())
    assert written[0] == written[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet_b0"])
def test_a_file_of_other_statistics_keeps_them(name: str, tmp_path: Path) -> None:
    """As of one that was trained from scratch, or written by a network that was built here."""
    backbone, file = BACKBONES[name], tmp_path / "own.weights.h5"
    network, image = keras_own(backbone), pixels(32)
    scatter(network)
    network.save_weights(file)
    built = build_backbone(name, image_size=32, weights=file)
    assert_close(built(image).numpy(), network(image).numpy(), 1e-4)
    built.save_weights(file)
    again = build_backbone(name, image_size=32)
    assert not np.allclose(again(image), built(image))
    again.load_weights(file)
    np.testing.assert_array_equal(again(image), built(image))


def test_the_table_is_read_without_keras() -> None:
    program = (
        "import sys; from pylib.models.backbones import BACKBONES; "
        "print(len(BACKBONES), {'keras', 'tensorflow'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.split() == [str(len(BACKBONES)), "set()"]


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=lambda backbone: backbone.name)
def test_every_row_says_whose_weights_they_are(backbone: Backbone) -> None:
    weights = backbone.weights
    assert weights.url.startswith("https://storage.googleapis.com/")
    assert weights.source.startswith("https://")
    assert weights.licence in {"Apache-2.0", "MIT", "CC-BY-4.0"}
    assert ("{alpha}" in weights.url) == backbone.has_alpha
    assert hasattr(keras.applications, backbone.application)


def test_the_blocks_of_every_row_are_counted() -> None:
    assert COUNTS.keys() == BACKBONES.keys()


def test_every_file_belongs_to_a_row() -> None:
    assert list(IMAGENET) == list(BACKBONES)


@given(st.floats(0.01, 2))
def test_the_width_of_mobilenet_v2_grows_as_in_keras(alpha: float) -> None:
    expected = _make_divisible(1280 * alpha, 8) if alpha > 1 else 1280
    assert BACKBONES["mobilenet_v2"].width(alpha) == expected


@pytest.mark.parametrize("alpha", [0.35, 1.4])
def test_alpha_is_the_width_of_mobilenet_v2(alpha: float) -> None:
    model = build_backbone("mobilenet_v2", alpha=alpha, image_size=32)
    assert model.output_shape == (None, BACKBONES["mobilenet_v2"].width(alpha))


def test_the_native_size_is_taken_where_none_is_given() -> None:
    assert build_backbone("vgg16").input_shape == (None, 224, 224, 3)


def test_weights_of_a_file_are_those_that_keras_reads(weights: Path) -> None:
    path, origin = find_weights(weights, "mobilenet_v2", 0.35)
    assert origin == WeightsOrigin(origin="file", sha256=hashlib.sha256(weights.read_bytes()).hexdigest())
    backbone, image = BACKBONES["mobilenet_v2"], pixels(32, 2)
    own = keras_own(backbone, alpha=0.35)
    own.load_weights(weights)
    model = build_backbone("mobilenet_v2", alpha=0.35, image_size=32, weights=path)
    assert_close(model(image).numpy(), own(preprocessed(backbone, image)).numpy(), 1e-5)


def test_none_is_no_file_and_random_weights() -> None:
    assert find_weights("none", "resnet50", 1.0) == (None, WeightsOrigin())


def test_what_is_fine_tuned_keeps_the_normalisation_of_its_weights(weights: Path) -> None:
    model = build_backbone("mobilenet_v2", alpha=0.35, image_size=32, weights=weights, frozen=False)
    norm = model.get_layer("bn_Conv1")
    before = norm.moving_mean.numpy()
    model(pixels(32, 4), training=True)
    np.testing.assert_array_equal(norm.moving_mean, before)
    assert not norm.trainable_variables
    assert len(model.trainable_variables) == 52  # the kernels of its convolutions


def test_what_is_learned_from_scratch_learns_its_normalisation() -> None:
    model = build_backbone("mobilenet_v2", alpha=0.35, image_size=32, frozen=False)
    norm = model.get_layer("bn_Conv1")
    before = norm.moving_mean.numpy()
    model(pixels(32, 4), training=True)
    assert not np.array_equal(norm.moving_mean, before)
    assert len(norm.trainable_variables) == 2


def test_features_are_float32_under_mixed_precision() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_backbone("mobilenet_v2", alpha=0.35, image_size=32)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_layer("Conv_1").compute_dtype == "bfloat16"
    assert model.output.dtype == "float32"


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("mobilenet", {}, "backbone 'mobilenet': did you mean mobilenet_v2.* there are: mobilenet_v2, mob"),
        ("", {}, "backbone '': there are: mobilenet_v2, .*, convnext_tiny$"),
        (
            "vgg19",
            {"alpha": 0.5},
            "vgg19 has no alpha, and 0.5 was given: leave it at 1, or take mobilenet_v2",
        ),
        ("mobilenet_v2", {"alpha": 0}, "mobilenet_v2 with alpha 0: give one above 0, at most 2"),
        ("mobilenet_v2", {"alpha": float("nan")}, "mobilenet_v2 with alpha nan: give one above 0"),
        ("xception", {"image_size": 70}, "xception on images of 70 pixels: it takes 71 or more"),
        ("resnet50", {"image_size": 0}, "resnet50 on images of 0 pixels: it takes 32 or more"),
    ],
)
def test_what_cannot_be_built_is_one_line(name: str, options: dict[str, float], reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        build_backbone(name, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "alpha"), [("mobilenet_v2", 0.5), ("vgg16", 1.0), ("mobilenet_v3_small", 1.0)]
)
def test_weights_of_another_backbone_are_one_line(weights: Path, name: str, alpha: float) -> None:
    with pytest.raises(ModelError, match=f"not weights of {name}") as caught:
        build_backbone(name, alpha=alpha, image_size=32, weights=weights)
    assert str(weights) in str(caught.value)
    assert "give the file of this backbone" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_imagenet_knows_only_some_widths() -> None:
    with pytest.raises(ModelError, match=r"MobileNetV2 with alpha 0\.4; use one of 0\.35"):
        find_weights("imagenet", "mobilenet_v2", 0.4)
    check_imagenet("mobilenet_v2", 0.35)
    check_imagenet("vgg19", 0.4)  # it has no alpha: a U-Net's is without a meaning there


def test_a_backbone_that_there_is_not_has_no_weights() -> None:
    with pytest.raises(ModelError, match="backbone 'alexnet': there are: "):
        find_weights("none", "alexnet")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder on a server of the loopback, VGG19's row pointing at its file, and a new folder of Keras."""
    (tmp_path / "server").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "server")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setattr(keras.src.backend.config, "_KERAS_DIR", str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()

        def row(digest: str | None) -> str:
            url = f"http://127.0.0.1:{server.server_port}/vgg19.h5"
            weights = ImageNetWeights(url, "MIT", url, md5=digest)
            monkeypatch.setattr(table, "IMAGENET", {"vgg19": weights})
            return url

        yield tmp_path, row
        server.shutdown()


def test_imagenet_is_downloaded_once_and_hashed(served) -> None:
    folder, row = served
    file = folder / "server" / "vgg19.h5"
    file.write_bytes(b"weights")
    row(hashlib.md5(b"weights").hexdigest())
    origin = WeightsOrigin(origin="imagenet", sha256=hashlib.sha256(b"weights").hexdigest())
    assert find_weights("imagenet", "vgg19") == (folder / "models" / "vgg19.h5", origin)
    file.unlink()
    assert find_weights("imagenet", "vgg19") == (folder / "models" / "vgg19.h5", origin)


def test_a_download_that_is_not_what_keras_knows_is_refused(served) -> None:
    folder, row = served
    (folder / "server" / "vgg19.h5").write_bytes(b"other weights")
    url = row(hashlib.md5(b"weights").hexdigest())
    for _ in range(2):  # what was refused is not taken the second time
        with pytest.raises(ModelError, match=f"{url} cannot be fetched .*hash does not match") as caught:
            find_weights("imagenet", "vgg19")
        assert "\n" not in str(caught.value)


def test_weights_that_cannot_be_fetched_say_where_from(served) -> None:
    _, row = served
    url = row(None)
    with pytest.raises(ModelError, match=f"{url} cannot be fetched .*404.*give --weights a file") as caught:
        find_weights("imagenet", "vgg19")
    assert "\n" not in str(caught.value)
