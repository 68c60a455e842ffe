"""The predictor that Seldon's Python server calls: an image in, a mask of class ids and its figures out.

Runs in the small serving environment: numpy, Pillow, onnxruntime, obstore and seldon_core, no TensorFlow.
How Seldon calls it: https://docs.seldon.io/projects/seldon-core/en/v1.17.1/python/python_component.html
"""

import base64
import gc
import logging
import os
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.metrics import create_counter, create_timer
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.utils import json_to_seldon_message

from pylib.data.images import encode_png
from pylib.errors import ServingError
from pylib.serving.http import blueprint
from pylib.serving.model import OnnxModel, Segmentation, load_model
from pylib.serving.payload import Image, read_json, read_proto
from pylib.serving.predictions import PredictionLog, PredictionRecord

logger = logging.getLogger(__name__)


class Predictor:
    """Answers for one model, found by digest in the artifact store that `ARTIFACT_STORE` names (a URL).

    The parameters are those of the SeldonDeployment's graph; they come back in each answer's `meta.tags`,
    with a prediction id. Where `PREDICTION_LOG` names a file, each answer is recorded there.
    """

    model_error_handler = blueprint()

    def __init__(
        self, model_digest: str = "", data_commit: str = "", git_commit: str = "", **unknown: object
    ) -> None:
        if unknown:
            raise ServingError(f"the predictor has no parameter {min(unknown)!r}: remove it from the graph")
        self._identity = {"model_digest": model_digest, "data_commit": data_commit, "git_commit": git_commit}
        self._model: OnnxModel | None = None
        self._log: PredictionLog | None = None

    def load(self) -> None:
        """Load the model and answer a first image, once in each worker process.

        Raises StoreError, ServingError: there is no such model, or it is not what its digest says.
        """
        model = load_model(os.environ.get("ARTIFACT_STORE", ""), self._identity["model_digest"])
        model.segment(np.zeros((model.image_size, model.image_size, 3), np.uint8))
        path = os.environ.get("PREDICTION_LOG")
        self._log = PredictionLog(Path(path)) if path else None
        self._model = model
        # What is loaded stays: full collections would walk through it, in the middle of requests.
        gc.collect()
        gc.freeze()

    def predict_raw(self, message: Any) -> Any:
        """Answer a request, JSON (a dict) or gRPC (a SeldonMessage), in its own form.

        `jsonData`: mask_png (base64, uint8 [H,W] of the image's own size, value i is `classes[i]`), classes,
        class_shares (share of pixels, 0..1), mean_confidence (0..1), width, height (pixels).
        `meta.tags`: model_digest, data_commit, git_commit, prediction_id.

        Raises SeldonMicroserviceException (4xx) over REST; over gRPC, the answer's `status` holds the same.
        """
        if not isinstance(message, SeldonMessage):
            return self._answer(read_json(message))
        try:
            return json_to_seldon_message(self._answer(read_proto(message)))
        except SeldonMicroserviceException as error:
            return json_to_seldon_message({"status": _failure(error)})

    def send_feedback_raw(self, _feedback: Any) -> Any:
        """Acknowledge feedback; Seldon has counted its reward in the metrics before this is called."""
        return json_to_seldon_message({"meta": {"tags": self._identity}})

    def health_status(self) -> dict[str, Any]:
        """Return what is served; raises (HTTP 503) until the model has answered its first image."""
        if self._model is None:
            raise SeldonMicroserviceException("the model is not loaded", status_code=503, reason="NOT_READY")
        return {"status": "ready", **self._identity}

    def init_metadata(self) -> dict[str, Any]:
        """Return what `/metadata` tells.

        https://docs.seldon.io/projects/seldon-core/en/v1.17.1/reference/apis/metadata.html
        """
        return {
            "name": "segmentation",
            "versions": [self._identity["model_digest"]],
            "platform": "onnxruntime",
            "inputs": [{"messagetype": "binData"}],
            "outputs": [{"messagetype": "jsonData"}],
            "custom": self._identity,
        }

    def _answer(self, image: Image) -> dict[str, Any]:
        if self._model is None:
            raise SeldonMicroserviceException("the model is not loaded", status_code=503, reason="NOT_READY")
        started = time.perf_counter()
        result = self._model.segment(image.pixels)
        answer = _json_data(result, self._model.classes)
        prediction_id = str(uuid.uuid4())
        self._record(prediction_id, image, answer)
        tags = {**self._identity, "prediction_id": prediction_id}
        metrics = _metrics(time.perf_counter() - started, answer)
        return {"jsonData": answer, "meta": {"tags": tags, "metrics": metrics}}

    def _record(self, prediction_id: str, image: Image, answer: dict[str, Any]) -> None:
        if self._log is None:
            return
        record = PredictionRecord(
            prediction_id=prediction_id,
            time=datetime.now(UTC).isoformat(),
            model_digest=self._identity["model_digest"],
            data_commit=self._identity["data_commit"],
            git_commit=self._identity["git_commit"],
            image_sha256=image.sha256,
            class_shares=answer["class_shares"],
            mean_confidence=answer["mean_confidence"],
        )
        try:
            self._log.append(record)
        except OSError:  # an answer that cannot be recorded is still an answer
            logger.exception("prediction %s is not in the log", prediction_id)


def _json_data(result: Segmentation, classes: list[str]) -> dict[str, Any]:
    shares = np.bincount(result.mask.ravel(), minlength=len(classes)) / result.mask.size
    height, width = result.mask.shape
    return {
        "mask_png": base64.b64encode(encode_png(result.mask)).decode(),
        "classes": classes,
        "class_shares": dict(zip(classes, shares.tolist(), strict=True)),
        "mean_confidence": result.mean_confidence,
        "width": width,
        "height": height,
    }


def _metrics(seconds: float, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for Prometheus; Seldon takes them from the answer's meta.

    Confidence and shares are sums over answers: their rate over that of model_predictions is the mean of any
    period. Zeros are left out, because Seldon cannot read them from a gRPC message (KeyError: 'value').
    """
    shares = [
        {**create_counter("model_class_share", share), "tags": {"class": name}}
        for name, share in answer["class_shares"].items()
        if share > 0
    ]
    return [
        create_counter("model_predictions", 1),
        create_timer("model_prediction_seconds", 1000 * seconds),  # Seldon takes milliseconds
        create_counter("model_confidence", answer["mean_confidence"]),
        *shares,
    ]


def _failure(error: SeldonMicroserviceException) -> dict[str, Any]:
    return {"code": error.status_code, "info": error.message, "reason": error.reason, "status": "FAILURE"}
