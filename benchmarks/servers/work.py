"""The work of one request, the same in every variant: decode the image, run the model, make the answer."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pylib.serving.model import OnnxModel
from pylib.serving.request import from_file
from pylib.tasks import task


def load(model: Path) -> Callable[[bytes], dict[str, Any]]:
    """A function from an image file's content to the task's answer."""
    served = OnnxModel(model.read_bytes())
    answer, contract = task.find(served.contract.task).answer, served.contract

    def work(data: bytes) -> dict[str, Any]:
        pixels = from_file(data).pixels
        return answer.answer(served.run(pixels), pixels, contract.classes, contract.confidence_threshold)

    return work


def image_of(body: bytes) -> bytes:
    """The image in a request as Seldon's protocol has it."""
    return base64.b64decode(json.loads(body)["binData"])
