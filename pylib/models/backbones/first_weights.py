"""The first weights of a backbone: found, downloaded once, hashed, and loaded into it."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pylib.errors import ModelError
from pylib.models.backbones.table import Backbone, find_backbone
from pylib.models.spec import WeightsOrigin
from pylib.models.weights_source import Weights

if TYPE_CHECKING:
    import keras


def check_imagenet(name: str, alpha: float) -> None:
    """Raise ModelError where there are no weights of ImageNet for a backbone of this width."""
    backbone = find_backbone(name)
    if backbone.has_alpha and alpha not in backbone.alphas:
        known = ", ".join(str(known) for known in backbone.alphas)
        raise ModelError(
            f"no ImageNet weights of {backbone.application} with alpha {alpha}; use one of {known}"
        )


def find_weights(weights: Weights, name: str, alpha: float = 1.0) -> tuple[Path | None, WeightsOrigin]:
    """Resolve `imagenet` (downloaded once, kept in Keras' folder), `none` or a file; hash what is there.

    alpha: without a meaning where the width is no parameter
    ModelError when the file is missing, ImageNet weights of that width do not exist, or cannot be fetched.
    """
    backbone = find_backbone(name)
    if weights == "none":
        return None, WeightsOrigin()
    path = _download(backbone, alpha) if weights == "imagenet" else Path(weights)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"weights {path}: cannot be read ({error.strerror}); check --weights") from error
    return path, WeightsOrigin(origin="imagenet" if weights == "imagenet" else "file", sha256=digest)


def load_first_weights(network: "keras.Model", path: Path, backbone: Backbone, alpha: float) -> None:
    """Load a file of the network without its top, as Keras 3 or keras.applications writes it; or ModelError."""
    width = f" with alpha {alpha}" if backbone.has_alpha else ""
    try:
        network.load_weights(path)
    except (
        Exception
    ) as error:  # HDF5, zip and Keras each have their own for a file that is not what it should be
        raise ModelError(
            f"{path}: not weights of {backbone.name}{width} without its top; give the file of this backbone"
        ) from error


def _download(backbone: Backbone, alpha: float) -> Path:
    """Fetch ImageNet's file, checked by the digest that Keras knows of it."""
    import keras

    check_imagenet(backbone.name, alpha)
    file = backbone.weights
    url = file.url.format(alpha=float(alpha))
    digest = file.sha256 or file.md5
    try:
        return Path(keras.utils.get_file(url.rsplit("/", 1)[1], url, cache_subdir="models", file_hash=digest))
    except Exception as error:  # Keras re-raises whatever the connection gave as a bare Exception
        raise ModelError(
            f"ImageNet weights: {url} cannot be fetched; check the network, or give --weights a file"
        ) from error
