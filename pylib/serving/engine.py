"""One released model, answering: which it is, what it says of an image, its log and its figures.

It knows no protocol. A protocol makes an Image of a request (`pylib.serving.request`), asks `answer`, and
gives what that returns or raises in its own form.
"""

import gc
import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.data.image_statistics import statistics
from pylib.data.images import resize_image
from pylib.errors import DataError, RequestError, ServingError
from pylib.serving import feedback as feedbacks
from pylib.serving.drift_features import of_record
from pylib.serving.drift_metrics import Watch
from pylib.serving.feedback import Feedback
from pylib.serving.metrics import Metrics
from pylib.serving.model import OnnxModel, load_model
from pylib.serving.predictions import Input, PredictionLog, PredictionRecord
from pylib.serving.reference import load_reference
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


class Output(NamedTuple):
    """A part of an answer as an array: uint8, float32, bool, str or bytes (a file); -1 is any size."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class Engine:
    """The model `identity` from the artifact store at the URL `artifacts`; each answer goes into `log`.

    Feedback goes into the inbox at the URL `inbox`; what has no place is not kept.

    log: the path of a file, or the URL of a folder or bucket, with the settings of pylib.serving.predictions
    metrics: what was answered, counted for all protocols
    held: says why nobody should be sent here although the model is loaded; empty where all may come
    """

    def __init__(
        self, identity: Identity, *, artifacts: str, log: Path | str | None, inbox: str = ""
    ) -> None:
        self.identity = identity
        self.metrics = Metrics()
        self.held: Callable[[], str] = str
        self._artifacts = artifacts
        self._log_place = log
        self._log: PredictionLog | None = None
        self._watch = Watch(None, "")
        self._inbox_url = inbox
        self._checking = Lock()
        self._inbox: Inbox | None = None
        self._served: tuple[OnnxModel, task.Task] | None = None

    def load(self) -> None:
        """Load the model and answer a first image; call it once.

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
        _answered(served, model, black, black)
        digest = self.identity.model_digest
        self._watch = Watch(load_reference(self._artifacts, digest), digest)
        self.metrics.constants = self._watch.gauges()
        self.metrics.declare(self._watch.all_counters())
        for status in (200, 500):
            self.metrics.request(status, 0)
        if self._log_place:
            self._log = log = PredictionLog.of_environment(self._log_place)
            self.metrics.sources["model_log_dropped"] = lambda: log.dropped
        if self._inbox_url:
            self._inbox = Inbox(self._inbox_url)
        self._served = model, served
        # What is loaded stays: full collections would walk through it, in the middle of requests.
        gc.collect()
        gc.freeze()

    def check_ready(self) -> None:
        """Raise RequestError until the model has answered its first image, and while `held` says why."""
        self._loaded()
        if why := self.held():
            raise RequestError(why, "not ready")

    @property
    def sample_bits(self) -> int | None:
        """How an image with more than 8 bits a sample is to be decoded; raises RequestError until loaded."""
        return self._loaded()[0].contract.sample_bits

    def answer(self, image: Image) -> Answer:
        """Say what the model sees in an image; raises RequestError until it is loaded."""
        model, served = self._loaded()
        started = time.perf_counter()
        shown = resize_image(image.pixels, model.contract.image_size)
        content = _answered(served, model, image.pixels, shown)
        figures = _input(image, shown)
        summary = served.answer.summary(content)
        prediction_id = str(uuid.uuid4())
        seconds = time.perf_counter() - started
        self._record(prediction_id, image, figures, summary, seconds)
        answer = Answer(
            content,
            {**self.identity._asdict(), "prediction_id": prediction_id, "task": served.name, **self._bits()},
            [
                ("model_predictions", {}, 1),
                *served.answer.counters(content),
                *self._watch.counters({**of_record(figures), **served.answer.observed(summary)}),
            ],
            seconds,
            served.answer.numbers(content),
        )
        self.metrics.answer(answer.counters, answer.seconds)
        return answer

    def close(self) -> None:
        """Write what waits for the log; takes five seconds at most."""
        if self._log:
            self._log.close()

    @property
    def outputs(self) -> list[Output]:
        """An answer's parts as arrays, in the task's order; raises RequestError until it is loaded."""
        model, served = self._loaded()
        sizes = {"C": len(model.contract.classes)}
        return [
            Output(name, dtype, tuple(sizes.get(dimension, -1) for dimension in shape))
            for name, (dtype, shape) in served.answer.TENSORS.items()
        ]

    def array(self, answer: Answer, name: str) -> NDArray[Any]:
        """One of `outputs` of an answer, without a batch dimension; of str and bytes, an array of objects."""
        return self._loaded()[1].answer.tensor(answer.content, name)

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
            with (
                self._checking
            ):  # one at a time: decoded they are large, and none of them is awaited by a model
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

    def _record(
        self, prediction_id: str, image: Image, figures: Input, summary: dict[str, Any], seconds: float
    ) -> None:
        if self._log is None or not self._log.takes(prediction_id):
            return
        record = PredictionRecord(
            prediction_id=prediction_id,
            time=datetime.now(UTC).isoformat(),
            model_digest=self.identity.model_digest,
            data_commit=self.identity.data_commit,
            git_commit=self.identity.git_commit,
            predictor=os.environ.get("PREDICTOR_ID", ""),
            seconds=round(seconds, 6),
            image_sha256=image.sha256,
            input=figures,
            answer=summary,
        )
        self._log.append(record, image)


def _answered(
    served: task.Task, model: OnnxModel, pixels: NDArray[np.uint8], shown: NDArray[np.uint8]
) -> dict[str, Any]:
    """The task's answer of an image, and the same as the model is shown it."""
    declared = model.contract
    return served.answer.answer(model.run(shown), pixels, declared.classes, declared.confidence_threshold)


def _input(image: Image, shown: NDArray[np.uint8]) -> Input:
    (height, width), seen = image.pixels.shape[:2], statistics(shown)
    return Input(
        width=width,
        height=height,
        brightness=seen.brightness,
        contrast=seen.contrast,
        projection=list(seen.projection),
    )
