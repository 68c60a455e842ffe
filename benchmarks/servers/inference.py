"""The same work in MLServer, over the Open Inference Protocol: an image in, the answer as JSON out."""

import base64
import json
from pathlib import Path

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput
from work import load


class Inference(MLModel):
    async def load(self) -> bool:
        self.work = load(Path(self.settings.parameters.uri))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        data = base64.b64decode(payload.inputs[0].data[0])
        answer = json.dumps(self.work(data))
        output = ResponseOutput(name="answer", shape=[1, 1], datatype="BYTES", data=[answer])
        return InferenceResponse(model_name=self.name, outputs=[output])
