"""The exported model on batches of images, through the runtime that serves it."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pylib.errors import ModelError
from pylib.serving.export import INPUT, OUTPUT

Pixels = NDArray[np.uint8]
Probabilities = NDArray[np.float32]


class ExportedModel:
    """A model.onnx file: its digest (SHA-256, hex), its classes by index and its image_size in pixels.

    Raises ModelError where the file is missing or was not written by the export.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
            self._session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.classes: list[str] = json.loads(metadata["classes"])
            self.image_size = int(metadata["image_size"])
        except OSError as error:
            raise ModelError(f"{path} cannot be read ({error.strerror}): train and export a model") from error
        except Exception as error:  # onnxruntime raises many classes of its own
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            raise ModelError(f"{path} is not a model of ours ({reason}): export it again") from error
        self.digest = hashlib.sha256(data).hexdigest()

    def probabilities(self, images: Pixels) -> Probabilities:
        """Map uint8 [N,H,W,3] in [0,255] to float32 [N,H,W,C] in [0,1] that sum to 1 over C.

        Raises ModelError where the answer is not finite, as after a training run that diverged.
        """
        answer: Probabilities = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(images)})[0]
        if not np.isfinite(answer).all():
            reason = "the training run diverged; lower the learning rate"
            raise ModelError(f"{self.path} answers with numbers that are not finite: {reason}")
        return answer
