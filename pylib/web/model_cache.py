"""Models of the artifact store, loaded to be asked here: the server's own decoder, session and answer."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pylib.data.images import decode_image
from pylib.serving.model import OnnxModel, load_model
from pylib.tasks import task
from pylib.tasks.task import Task

_KEPT = 3  # models of some 100 MB each
_ONE = threading.Semaphore(2)
"""As many are asked at once: a page is no model server."""


@dataclass(frozen=True)
class Answered:
    """What a model said of an image: the task's answer, as a protocol gives it, and its summary."""

    digest: str
    task: Task
    content: dict[str, Any]

    @property
    def summary(self) -> dict[str, Any]:
        """What the log of predictions keeps of it."""
        return self.task.answer.summary(self.content)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The same in words, the most telling first."""
        return self.task.answer.lines(self.task.answer.read(self.content))


@lru_cache(maxsize=_KEPT)
def model(artifacts: str, digest: str) -> OnnxModel:
    """The model of that digest, kept for the next question; raises StoreError and ServingError."""
    return load_model(artifacts, digest)


def ask(artifacts: str, digest: str, image: bytes) -> Answered:
    """What a stored model sees in an image file; raises DataError where that is none."""
    with _ONE:
        loaded = model(artifacts, digest)
        declared, pixels = loaded.contract, decode_image(image, sample_bits=loaded.contract.sample_bits)
        served = task.find(declared.task)
        outputs = loaded.run(pixels)
        content = served.answer.answer(outputs, pixels, declared.classes, declared.confidence_threshold)
        return Answered(digest, served, content)
