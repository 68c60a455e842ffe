"""The exported model in onnxruntime: uint8 pixels in, its outputs by name out.

Used by the server, and in any other process that wants the same answer from the same bytes.
"""

import re
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pylib.data.images import resize_image
from pylib.errors import PylibError, ServingError
from pylib.serving.onnx_contract import open_model
from pylib.store.artifacts import MODEL_FILE, ArtifactStore


class OnnxModel:
    """A model.onnx by its content; `contract` is what it declares. Raises ModelError where it is none."""

    def __init__(self, data: bytes) -> None:
        options = onnxruntime.SessionOptions()
        # A call runs in the thread that asks, and no other: throughput comes from calls side by side, and a
        # pod's share of a CPU is not visible to onnxruntime, which would start a thread for each core.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_free_dimension_override_by_name("N", 1)  # shapes known before: less to do in each call
        self._session, self.contract = open_model(data, options)
        self._outputs = [output.name for output in self.contract.outputs]

    def run(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Run one image, uint8 [H,W,3] RGB in 0..255; the outputs by name, without the batch dimension.

        The image is resized as the training data was.
        """
        image = resize_image(pixels, self.contract.image_size)[np.newaxis]
        values = self._session.run(self._outputs, {self.contract.input.name: image})
        return {name: value[0] for name, value in zip(self._outputs, values, strict=True)}


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
