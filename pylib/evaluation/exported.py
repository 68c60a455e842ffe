"""The exported model on batches, through the runtime that serves it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pylib.errors import ModelError
from pylib.tasks import task


class ExportedModel:
    """A model.onnx file: its digest (SHA-256, hex), task, classes by index and image_size in pixels.

    Raises ModelError where the file is missing or was not written by the export.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
            self._session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.task: str = metadata.get("task", task.FIRST)
            self.classes: list[str] = json.loads(metadata["classes"])
            self.image_size = int(metadata["image_size"])
            (self._input,) = (declared.name for declared in self._session.get_inputs())
        except OSError as error:
            raise ModelError(f"{path} cannot be read ({error.strerror}): train and export a model") from error
        except Exception as error:  # onnxruntime raises many classes of its own
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            raise ModelError(f"{path} is not a model of ours ({reason}): export it again") from error
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
