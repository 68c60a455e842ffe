"""One released model, answering: which it is, what it says of an image, its log and its figures.

It knows no protocol. A protocol makes an Image of a request (`pylib.serving.request`), asks `answer`, and
gives what that returns or raises in its own form.
"""

import gc
import logging
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.errors import DataError, RequestError, ServingError
from pylib.serving import feedback as feedbacks
from pylib.serving.feedback import Feedback
from pylib.serving.model import OnnxModel, load_model
from pylib.serving.predictions import JsonLines, PredictionRecord
from pylib.serving.request import Image, from_file
from pylib.store.inbox import Inbox
from pylib.tasks import task

logger = logging.getLogger(__name__)


class Identity(NamedTuple):
    """Which model it is: SHA-256 of model.onnx, repository@commit of its data, commit of the code."""

    model_digest: str
    data_commit: str
    git_commit: str


class Answer(NamedTuple):
    """An answer to one request.

    content: the task's own, JSON
    tags: task, model_digest, data_commit, git_commit, prediction_id; sample_bits, where the model has such
    counters: name, labels and increment of Prometheus counters; that of predictions comes first
    seconds: from the pixels to the answer
    numbers: the content as one row, names and a number for each; None where the task has no such form
    """

    content: dict[str, Any]
    tags: dict[str, str]
    counters: list[tuple[str, dict[str, str], float]]
    seconds: float
    numbers: tuple[list[str], list[float]] | None = None


class Engine:
    """The model `identity` from the artifact store at the URL `artifacts`; each answer goes into `log`.

    Feedback goes into the inbox at the URL `inbox`; what has no place is not kept.
    """

    def __init__(self, identity: Identity, *, artifacts: str, log: Path | None, inbox: str = "") -> None:
        self.identity = identity
        self._artifacts = artifacts
        self._log_path = log
        self._log: JsonLines | None = None
        self._inbox_url = inbox
        self._inbox: Inbox | None = None
        self._served: tuple[OnnxModel, task.Task] | None = None

    def load(self) -> None:
        """Load the model and answer a first image, once in each worker process.

        Raises PylibError: there is no such model, it is not what its digest says, or of a task unknown here.
        """
        model = load_model(self._artifacts, self.identity.model_digest)
        served = task.find(model.contract.task)
        missing = set(served.answer.OUTPUTS) - {output.name for output in model.contract.outputs}
        if missing:
            what = f"model {self.identity.model_digest} of task {served.name}"
            raise ServingError(f"{what} has no output {min(missing)!r}: export and release it again")
        side = model.contract.image_size
        black = np.zeros((side, side, 3), np.uint8)
        _answered(served, model, black)
        if self._log_path:
            self._log = JsonLines(self._log_path)
        if self._inbox_url:
            self._inbox = Inbox(self._inbox_url)
        self._served = model, served
        # What is loaded stays: full collections would walk through it, in the middle of requests.
        gc.collect()
        gc.freeze()

    def check_ready(self) -> None:
        """Raise RequestError until the model has answered its first image."""
        self._loaded()

    @property
    def sample_bits(self) -> int | None:
        """How an image with more than 8 bits a sample is to be decoded; raises RequestError until loaded."""
        return self._loaded()[0].contract.sample_bits

    def answer(self, image: Image) -> Answer:
        """Say what the model sees in an image; raises RequestError until it is loaded."""
        model, served = self._loaded()
        started = time.perf_counter()
        content = _answered(served, model, image.pixels)
        prediction_id = str(uuid.uuid4())
        self._record(prediction_id, image, served.answer.summary(content))
        return Answer(
            content,
            {**self.identity._asdict(), "prediction_id": prediction_id, "task": served.name, **self._bits()},
            [("model_predictions", {}, 1), *served.answer.counters(content)],
            time.perf_counter() - started,
            served.answer.numbers(content),
        )

    def keep(self, feedback: Feedback) -> Mapping[str, Any]:
        """Keep what a client says of an answer; return what is kept: id, truth, reward, and where.

        Raises RequestError where the id is malformed, the image is none, the truth is none that this model
        could answer, or ("not ready") the inbox refuses: nothing is acknowledged that is not kept.
        """
        model, served = self._loaded()
        feedbacks.check(feedback)
        truth = feedback.truth
        try:
            if truth is not None:
                truth = served.answer.truth(truth, model.contract.classes)
        except DataError as error:
            raise RequestError(str(error)) from error
        if feedback.image:
            from_file(feedback.image, model.contract.sample_bits)
        kept = feedbacks.submission(feedback, truth, served.name, self.identity.model_digest)
        if self._inbox:
            feedbacks.keep(self._inbox, kept, feedback.image)
        return feedbacks.confirmed(kept, in_inbox=self._inbox is not None)

    def _bits(self) -> dict[str, str]:
        return {} if self.sample_bits is None else {"sample_bits": str(self.sample_bits)}

    def _loaded(self) -> tuple[OnnxModel, task.Task]:
        if self._served is None:
            raise RequestError("the model is not loaded", "not ready")
        return self._served

    def _record(self, prediction_id: str, image: Image, summary: dict[str, Any]) -> None:
        if self._log is None:
            return
        record = PredictionRecord(
            prediction_id=prediction_id,
            time=datetime.now(UTC).isoformat(),
            model_digest=self.identity.model_digest,
            data_commit=self.identity.data_commit,
            git_commit=self.identity.git_commit,
            image_sha256=image.sha256,
            answer=summary,
        )
        try:
            self._log.append(record)
        except OSError:  # an answer that cannot be recorded is still an answer
            logger.exception("prediction %s is not in the log", prediction_id)


def _answered(served: task.Task, model: OnnxModel, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    declared = model.contract
    return served.answer.answer(model.run(pixels), pixels, declared.classes, declared.confidence_threshold)
