"""The exported model in onnxruntime: uint8 pixels in, class ids of the same size out.

Used by the server, and in any other process that wants the same answer from the same bytes.
"""

import json
import re
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pylib.data.images import resize_image, resize_mask
from pylib.errors import PylibError, ServingError, one_line
from pylib.store.artifacts import MODEL_FILE, ArtifactStore


class Segmentation(NamedTuple):
    """What a model says of one image.

    mask: uint8 [H,W], positions in the model's classes
    mean_confidence: mean over pixels of the likeliest class's probability, 0..1
    """

    mask: NDArray[np.uint8]
    mean_confidence: float


class OnnxModel:
    """An ONNX model of images: "image" uint8 [N,S,S,3] to "probabilities" float32 [N,S,S,C].

    `data` is the file's content; its metadata_props say `classes` (JSON list of C names) and `image_size` (S,
    pixels). Raises ServingError where it is not such a model.
    """

    def __init__(self, data: bytes) -> None:
        options = onnxruntime.SessionOptions()
        # One thread a session: throughput comes from worker processes, and a pod's share of a CPU is not
        # visible to onnxruntime, which would start a thread for each core of the node.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.classes: list[str] = [str(name) for name in json.loads(metadata["classes"])]
            self.image_size = int(metadata["image_size"])
        except Exception as error:
            reason = one_line(error)
            raise ServingError(
                f"not a model that was exported for serving ({type(error).__name__}: {reason})"
            ) from error

    def segment(self, pixels: NDArray[np.uint8]) -> Segmentation:
        """Segment one image, uint8 [H,W,3] RGB in 0..255.

        The image is resized as the training data was, and the mask back to [H,W], nearest neighbour.
        """
        image = resize_image(pixels, self.image_size)[np.newaxis]
        probabilities: NDArray[Any] = self._session.run(["probabilities"], {"image": image})[0][0]
        mask = probabilities.argmax(axis=-1).astype(np.uint8)
        height, width = pixels.shape[:2]
        return Segmentation(resize_mask(mask, (height, width)), float(probabilities.max(axis=-1).mean()))


def load_model(store: str, digest: str) -> OnnxModel:
    """Return the model with this SHA-256 from the artifact store at the URL `store`.

    Raises ServingError, StoreError: no digest, no store, no such model, or one whose content differs from it.
    """
    if not digest:
        raise ServingError("model_digest is empty in the SeldonDeployment: release a model first")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ServingError(f"model_digest {digest!r} is not a SHA-256 in hex: release the model again")
    if not store:
        raise ServingError("ARTIFACT_STORE is not set: give the URL of the model store, such as s3://models")
    data = ArtifactStore(store).get_file(f"models/{digest}/{MODEL_FILE}")  # which checks the digest
    try:
        return OnnxModel(data)
    except PylibError as error:
        raise ServingError(f"model {digest} in {store}: {error}") from error
