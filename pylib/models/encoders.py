"""The encoders of the U-Net, from keras.applications: MobileNetV2 of any width, VGG19; and their weights."""

import hashlib
from pathlib import Path

import keras

from pylib.errors import ModelError
from pylib.models.spec import WeightsOrigin, imagenet_alpha
from pylib.models.unet_spec import EncoderName, UNetSpec
from pylib.models.weights_source import Weights

_SERVER = "https://storage.googleapis.com/tensorflow/keras-applications"
_MOBILENET_URL = (
    _SERVER + "/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_224_no_top.h5"
)
_VGG19_URL = _SERVER + "/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"


# The layers that the decoder reads, at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input's size.
LEVELS: dict[EncoderName, tuple[str, ...]] = {
    "mobilenet_v2": (
        "block_1_expand_relu",
        "block_3_expand_relu",
        "block_6_expand_relu",
        "block_13_expand_relu",
        "block_16_project",
    ),
    "vgg19": ("block1_pool", "block2_pool", "block3_pool", "block4_pool", "block5_pool"),
}


def build_encoder(spec: UNetSpec, weights: Path | None = None) -> keras.Model:
    """Build the encoder: float32 [N,H,W,3], normalised, to five feature maps from 1/2 down to 1/32.

    weights: a file of the encoder without its top, as Keras 3 (.weights.h5) or keras.applications (.h5)
    writes it; random weights when None. ModelError when it does not fit.
    """
    base = _application(spec)
    if weights is not None:
        _load(base, weights, spec)
    outputs = [base.get_layer(name).output for name in LEVELS[spec.encoder]]
    encoder = keras.Model(base.input, outputs, name="encoder")
    encoder.trainable = not spec.frozen
    _set_normalisation(encoder, fixed=spec.fixed_normalisation)
    return encoder


def _set_normalisation(encoder: keras.Model, *, fixed: bool) -> None:
    """Keep BatchNormalization as it came with the weights, or let it follow a short training from scratch."""
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            if fixed:
                layer.trainable = False  # also means stored statistics in training, see Keras' documentation
            else:
                layer.momentum = 0.9  # Keras' 0.999 needs thousands of steps to forget the first statistics


def _application(spec: UNetSpec) -> keras.Model:
    pixels = keras.Input((None, None, 3), name="pixels")  # a name of its own: Keras' counts, and is stored
    if spec.encoder == "vgg19":
        return keras.applications.VGG19(include_top=False, weights=None, input_tensor=pixels)
    return keras.applications.MobileNetV2(
        alpha=spec.alpha, include_top=False, weights=None, input_tensor=pixels
    )


def _load(base: keras.Model, path: Path, spec: UNetSpec) -> None:
    width = f" with alpha {spec.alpha}" if spec.encoder == "mobilenet_v2" else ""
    try:
        base.load_weights(path)
    except (
        Exception
    ) as error:  # HDF5, zip and Keras each have their own for a file that is not what it should be
        raise ModelError(
            f"{path}: not weights of {spec.encoder}{width} without its top; give the file of this encoder"
        ) from error


def find_weights(weights: Weights, encoder: EncoderName, alpha: float) -> tuple[Path | None, WeightsOrigin]:
    """Resolve `imagenet` (downloaded once, kept in Keras' folder), `none` or a file; hash what is there.

    ModelError when the file is missing, ImageNet weights of that width do not exist, or cannot be fetched.
    """
    if weights == "none":
        return None, WeightsOrigin()
    path = _download(encoder, alpha) if weights == "imagenet" else Path(weights)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"weights {path}: cannot be read ({error.strerror}); check --weights") from error
    return path, WeightsOrigin(origin="imagenet" if weights == "imagenet" else "file", sha256=digest)


def _download(encoder: EncoderName, alpha: float) -> Path:
    imagenet_alpha(encoder, alpha)
    url = _VGG19_URL if encoder == "vgg19" else _MOBILENET_URL.format(alpha=_keras_alpha(alpha))
    try:
        return Path(keras.utils.get_file(url.rsplit("/", 1)[1], url, cache_subdir="models"))
    except Exception as error:  # Keras re-raises whatever the connection gave as a bare Exception
        raise ModelError(
            f"ImageNet weights: {url} cannot be fetched; check the network, or give --weights a file"
        ) from error


def _keras_alpha(alpha: float) -> str:
    return "1.0" if alpha == 1 else str(alpha)
