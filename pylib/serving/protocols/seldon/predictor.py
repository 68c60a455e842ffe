"""Seldon's messages to the engine, and the engine's answers as Seldon's messages, in their JSON form.

How Seldon's own server makes them: `construct_response_json` in
https://github.com/SeldonIO/seldon-core/blob/v1.17.1/python/seldon_core/utils.py
"""

import os
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from pylib.errors import RequestError, one_line
from pylib.serving.engine import Answer, Engine
from pylib.serving.protocols.seldon.payload import read_feedback, read_json, read_json_meta
from pylib.serving.request import Image

Message = dict[str, Any]


class Predictor:
    """What Seldon's protocol asks of one engine; the environment is what its operator gives a container."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        unit, image = os.environ.get("PREDICTIVE_UNIT_ID"), os.environ.get("PREDICTIVE_UNIT_IMAGE", "")
        self._path = {unit: image or "NOT_IMPLEMENTED:NOT_IMPLEMENTED"} if unit else {}
        told = os.environ.get("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "true")
        self._tells_metrics = told.lower() == "true"

    def predict_json(self, message: Mapping[str, Any]) -> Message:
        """Answer a SeldonMessage; raises RequestError.

        `jsonData` is the task's answer, `meta.tags` say which model gave it, beside those of the request. Who
        sent pixels as `data` gets `data` back where the task has such: `names` and one row in `ndarray`.
        `puid` and `requestPath` are as Seldon makes them of the request's.
        """
        image = read_json(message, self._engine.sample_bits)
        return self.answered(image, read_json_meta(message), in_numbers="data" in message)

    def answered(self, image: Image, asked: Mapping[str, Any], *, in_numbers: bool) -> Message:
        """Ask the engine, and say its answer; `asked` is the meta of the request."""
        answer = self._engine.answer(image)
        tags = {**asked.get("tags", {}), **answer.tags}
        meta: Message = {"requestPath": {**self._path, **asked.get("requestPath", {})}, "tags": tags}
        if not meta["requestPath"]:
            del meta["requestPath"]
        if asked.get("puid"):
            meta["puid"] = asked["puid"]
        if self._tells_metrics:
            meta["metrics"] = _figures(answer)
        if not (in_numbers and answer.numbers):
            return {"jsonData": answer.content, "meta": meta}
        names, row = answer.numbers
        tags.update({n: value for n, value in answer.content.items() if isinstance(value, str | bool)})
        return {"data": {"names": names, "ndarray": [row]}, "meta": meta}

    def feedback_json(self, message: Mapping[str, Any]) -> Message:
        """Keep a Seldon Feedback, and say what was kept; raises RequestError."""
        from seldon_core.proto.prediction_pb2 import Feedback

        try:
            sent = json_format.ParseDict(message, Feedback())
        except RecursionError as error:
            raise RequestError("the feedback is nested too deeply") from error
        except json_format.ParseError as error:
            raise RequestError(f"Invalid JSON: {one_line(error)}") from error
        except (OverflowError, AttributeError) as error:  # which protobuf does not make a ParseError
            raise RequestError(f"the feedback holds what its fields cannot: {one_line(error)}") from error
        return self.kept(sent, rewarded=message.get("reward") is not None)

    def kept(self, feedback: Any, *, rewarded: bool) -> Message:
        """The same of the message that gRPC brings; its reward is counted once it is kept."""
        kept = self._engine.keep(read_feedback(feedback, rewarded=rewarded))
        self._engine.metrics.reward(feedback.reward)
        return {"meta": {"tags": self._engine.identity._asdict()}, "jsonData": dict(kept)}

    def status(self) -> Message:
        """What is served."""
        told = {"status": "ready", **self._engine.identity._asdict()}
        return {"jsonData": told, "meta": {"requestPath": self._path} if self._path else {}}

    def metadata(self) -> Message:
        """What `/metadata` tells.

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


def _figures(answer: Answer) -> list[Message]:
    """What was counted, as an answer may carry it; Seldon's timers are in milliseconds."""
    counters = [
        {"key": name, "type": "COUNTER", "value": value, "tags": labels}
        for name, labels, value in answer.counters
        if value > 0
    ]
    return [*counters, {"key": "model_prediction_seconds", "type": "TIMER", "value": 1000 * answer.seconds}]
