"""The exported model on batches, through the runtime that serves it."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.errors import ModelError
from pylib.serving.onnx_contract import open_model


class ExportedModel:
    """A model.onnx file: its digest (SHA-256, hex), task, classes by index and image_size in pixels.

    confidence_threshold: below it, it says of itself that it is unsure; 0 where it never is.

    Raises ModelError where the file is missing or was not written by the export.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
            self._session, contract = open_model(data)
        except OSError as error:
            raise ModelError(f"{path} cannot be read ({error.strerror}): train and export a model") from error
        except ModelError as error:
            raise ModelError(f"{path} is not a model of ours ({error}): export it again") from error
        self.task, self.classes, self.image_size = contract.task, contract.classes, contract.image_size
        self.confidence_threshold = contract.confidence_threshold
        self._input = contract.input.name
        self.digest = hashlib.sha256(data).hexdigest()

    def outputs(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Map a batch [N,…] of the input that the model declares to its first output, [N,…].

        Raises ModelError where the answer is not finite, as after a training run that diverged.
        """
        answer: NDArray[np.float32] = self._session.run(None, {self._input: np.ascontiguousarray(inputs)})[0]
        if not np.isfinite(answer).all():
            reason = "the training run diverged; lower the learning rate"
            raise ModelError(f"{self.path} answers with numbers that are not finite: {reason}")
        return answer
