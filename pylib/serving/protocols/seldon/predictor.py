"""The predictor that Seldon's Python server calls: its messages to the engine, and the engine's answers back.

Runs in the small serving environment: numpy, Pillow, onnxruntime, obstore and seldon_core, no TensorFlow.
How Seldon calls it: https://docs.seldon.io/projects/seldon-core/en/v1.17.1/python/python_component.html
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import has_request_context
from google.protobuf import json_format
from seldon_core.flask_utils import SeldonMicroserviceException, get_request
from seldon_core.metrics import create_counter, create_timer
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.utils import construct_response, construct_response_json, json_to_seldon_message

from pylib.errors import RequestError, ServingError
from pylib.serving.engine import Answer, Engine, Identity
from pylib.serving.protocols.seldon import processes
from pylib.serving.protocols.seldon.http import blueprint, refused
from pylib.serving.protocols.seldon.payload import (
    read_feedback,
    read_json,
    read_json_meta,
    read_proto,
    read_proto_meta,
)


class Predictor:
    """Answers for one model, found by digest in the artifact store that `ARTIFACT_STORE` names (a URL).

    The parameters are those of the SeldonDeployment's graph; they come back in each answer's `meta.tags`,
    with the task and a prediction id. Where `PREDICTION_LOG` names a file, each answer is recorded there;
    where `FEEDBACK_INBOX` names a folder or bucket (a URL), feedback is kept there.
    """

    model_error_handler = blueprint()

    def __init__(
        self, model_digest: str = "", data_commit: str = "", git_commit: str = "", **unknown: object
    ) -> None:
        if unknown:
            raise ServingError(f"the predictor has no parameter {min(unknown)!r}: remove it from the graph")
        log = os.environ.get("PREDICTION_LOG")
        self._engine = Engine(
            Identity(model_digest, data_commit, git_commit),
            artifacts=os.environ.get("ARTIFACT_STORE", ""),
            log=Path(log) if log else None,
            inbox=os.environ.get("FEEDBACK_INBOX", ""),
        )

    def load(self) -> None:
        """Load the model, once in each worker process; raises PylibError."""
        self._engine.load()

    def predict_raw(self, message: Any) -> Any:
        """Answer a request, JSON (a dict) or gRPC (a SeldonMessage), in its own form.

        `jsonData` is the task's answer, `meta.tags` say which model gave it, beside those of the request. Who
        sent pixels as `data` gets `data` back where the task has such: `names` and one row in `ndarray`.
        `puid` and `requestPath` are as Seldon makes them of the request's.

        Raises SeldonMicroserviceException (4xx) over REST; over gRPC, the answer's `status` holds the same.
        """
        is_proto = isinstance(message, SeldonMessage)
        try:
            bits = self._engine.sample_bits
            image = read_proto(message, bits) if is_proto else read_json(message, bits)
            meta = read_proto_meta(message) if is_proto else read_json_meta(message)
            answer = self._engine.answer(image)
        except RequestError as error:
            if not is_proto:
                raise refused(error) from error
            return json_to_seldon_message({"status": _failure(refused(error))})
        asked = message if is_proto else {"meta": meta}
        construct = construct_response if is_proto else construct_response_json
        made = construct(self, False, asked, answer.content, meta, _figures(answer), answer.tags)
        in_numbers = message.WhichOneof("data_oneof") == "data" if is_proto else "data" in message
        return _as_numbers(made, answer) if in_numbers and answer.numbers else made

    def send_feedback_raw(self, message: Any) -> Any:
        """Keep feedback, a Seldon Feedback, and say what was kept; the caller counts its reward after that.

        Raises SeldonMicroserviceException (4xx, 503 where it cannot be kept) over REST; over gRPC, the
        answer's `status` holds the same.
        """
        try:
            kept = self._engine.keep(read_feedback(message, rewarded=_says_reward(message)))
        except RequestError as error:
            if has_request_context():
                raise refused(error) from error
            return json_to_seldon_message({"status": _failure(refused(error))})
        return json_to_seldon_message(
            {"meta": {"tags": self._engine.identity._asdict()}, "jsonData": dict(kept)}
        )

    def health_status(self) -> dict[str, Any]:
        """Return what is served; HTTP 503 until the model has answered its first image and gRPC listens."""
        try:
            self._engine.check_ready()
        except RequestError as error:
            raise refused(error) from error
        if processes.waits_for_grpc():
            raise refused(RequestError("gRPC does not listen yet", "not ready"))
        return {"status": "ready", **self._engine.identity._asdict()}

    def init_metadata(self) -> dict[str, Any]:
        """Return what `/metadata` tells; Seldon asks before the model is loaded.

        https://docs.seldon.io/projects/seldon-core/en/v1.17.1/reference/apis/metadata.html
        """
        return {
            "name": os.environ.get("SELDON_DEPLOYMENT_ID", ""),
            "versions": [self._engine.identity.model_digest],
            "platform": "onnxruntime",
            "inputs": [{"messagetype": "binData"}],
            "outputs": [{"messagetype": "jsonData"}],
            "custom": self._engine.identity._asdict(),
        }


def _figures(answer: Answer) -> list[dict[str, Any]]:
    """Return figures for Prometheus, which Seldon takes from an answer's meta.

    Zeros are left out, because Seldon cannot read them from a gRPC message (KeyError: 'value').
    """
    (predictions, *others) = [
        {**create_counter(name, value), **({"tags": labels} if labels else {})}
        for name, labels, value in answer.counters
        if value > 0
    ]
    seconds = create_timer("model_prediction_seconds", 1000 * answer.seconds)  # Seldon takes milliseconds
    return [predictions, seconds, *others]


def _as_numbers(made: Any, answer: Answer) -> Any:
    """The same message with `data` in the place of `jsonData`; what is no number in it goes into the tags."""
    names, row = answer.numbers or ([], [])
    others = {name: value for name, value in answer.content.items() if isinstance(value, str | bool)}
    if isinstance(made, SeldonMessage):
        for name, value in others.items():
            json_format.ParseDict(value, made.meta.tags[name])
        made.data.CopyFrom(json_format.ParseDict({"names": names, "ndarray": [row]}, type(made.data)()))
        return made
    made["meta"].setdefault("tags", {}).update(others)
    del made["jsonData"]
    return {**made, "data": {"names": names, "ndarray": [row]}}


def _says_reward(message: Any) -> bool:
    """Whether a reward was sent. A gRPC message cannot tell 0 from none; the JSON of a REST request can."""
    if not has_request_context():
        return bool(message.reward)
    sent = get_request()
    return isinstance(sent, Mapping) and sent.get("reward") is not None


def _failure(error: SeldonMicroserviceException) -> dict[str, Any]:
    return {"code": error.status_code, "info": error.message, "reason": error.reason, "status": "FAILURE"}
