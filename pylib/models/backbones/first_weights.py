"""The first weights of a backbone: found, downloaded once, hashed, and loaded into it."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pylib.errors import ModelError, one_line
from pylib.models.backbones.table import Backbone, check_imagenet, find_backbone
from pylib.models.weights_origin import WeightsOrigin

if TYPE_CHECKING:
    import keras

    from pylib.models.weights_source import Weights


def find_weights(weights: "Weights", name: str, alpha: float = 1.0) -> tuple[Path | None, WeightsOrigin]:
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
    """Load a file of the network without its top; ModelError when it does not fit.

    path: as Keras 3 (.weights.h5) or keras.applications (.h5) writes it
    """
    width = f" with alpha {alpha}" if backbone.has_alpha else ""
    try:
        network.load_weights(path)
    except (
        Exception
    ) as error:  # HDF5, zip and Keras each have their own for a file that is not what it should be
        raise ModelError(
            f"{path}: not weights of {backbone.name}{width} without its top; give the file of this backbone, "
            "named .weights.h5 as Keras 3 writes it, or .h5 as keras.applications does"
        ) from error


def _download(backbone: Backbone, alpha: float) -> Path:
    """Fetch ImageNet's file, held to the digest that Keras knows of it."""
    import keras

    check_imagenet(backbone.name, alpha)
    file = backbone.weights
    url = file.url.format(alpha=float(alpha))
    name = url.rsplit("/", 1)[1]
    try:
        return Path(keras.utils.get_file(name, url, cache_subdir="models", file_hash=file.digest))
    except Exception as error:  # Keras re-raises whatever the connection gave as a bare Exception
        raise ModelError(
            f"ImageNet weights: {url} cannot be fetched ({one_line(error)}); "
            "check the network, or give --weights a file"
        ) from error
