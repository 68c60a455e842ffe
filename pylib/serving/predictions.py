"""The log of answers: a JSON object a line, in a file or in objects by day, so that one is found by its id.

What is kept is the deployment's to say, in its environment: `PREDICTION_LOG_SAMPLE` (0 to 1, of the answers),
`PREDICTION_LOG_IMAGES` (true: the images too).
"""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

from pylib.data.images import encode_png
from pylib.errors import ServingError
from pylib.serving.batches import Batches
from pylib.serving.request import Image
from pylib.store.log_file import append
from pylib.store.request_log import is_url

logger = logging.getLogger(__name__)


class Input(TypedDict):
    """Figures of an image.

    width, height: pixels as received, upright; brightness, contrast: mean and standard deviation of what the
    model is shown, 0..255; projection: the coordinates of pylib.data.image_statistics
    """

    width: int
    height: int
    brightness: float
    contrast: float
    projection: list[float]


class PredictionRecord(TypedDict):
    """One answered request.

    time: UTC, ISO 8601; image_sha256: of the bytes received; answer: what the task keeps of its answer;
    predictor: which of the deployment's; seconds: from the pixels to the answer. Older lines have
    `class_shares` and `mean_confidence` in the place of `answer`, and no `predictor`, `seconds` and `input`.
    """

    prediction_id: str
    time: str
    model_digest: str
    data_commit: str
    git_commit: str
    predictor: str
    seconds: float
    image_sha256: str
    input: Input
    answer: dict[str, Any]


class JsonLines:
    """Appends records to a file that several worker processes share, and `pylib logs prune` shortens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            append(path, b"")
        except OSError as error:
            raise ServingError(f"log {path} cannot be written: {error.strerror}") from error

    def append(self, record: Mapping[str, object]) -> None:
        """Write one record; raises OSError, on a full disk for example."""
        append(self._path, dumped(record))


class PredictionLog:
    """The log at a place, the path of a file or the URL of a folder or bucket; see pylib.store.request_log.

    sample: the share of answers that is kept, chosen by their ids; images: whether images are kept too
    Raises ServingError where a file cannot be written, or a URL is none. A bucket that does not answer is no
    reason not to serve.
    """

    def __init__(self, place: str | Path, *, sample: float = 1.0, images: bool = False) -> None:
        self.sample, self.images = sample, images
        self._lost = 0
        self._file: JsonLines | None = None
        self._batches: Batches | None = None
        if is_url(str(place)):
            self._batches = Batches(_checked(str(place)))
        else:
            self._file = JsonLines(Path(place))
            if images:
                self._batches = Batches(Path(place).absolute().parent.as_uri())

    @classmethod
    def of_environment(cls, place: str | Path) -> "PredictionLog":
        """The log as the environment says; ServingError where it says what cannot be."""
        return cls(place, sample=_share("PREDICTION_LOG_SAMPLE"), images=_flag("PREDICTION_LOG_IMAGES"))

    @property
    def dropped(self) -> int:
        """Records and images that the place did not take, since the start of this process."""
        return self._lost + (self._batches.dropped if self._batches else 0)

    def takes(self, prediction_id: str) -> bool:
        """Whether the answer of this id is in the sample; the same in every process, at every time."""
        return self.sample >= 1 or _place(prediction_id) < self.sample

    def append(self, record: PredictionRecord, image: Image) -> None:
        """Keep a record, and its image where images are kept; what cannot be kept is counted in `dropped`."""
        if self._file:
            try:
                self._file.append(record)
            except OSError:  # an answer that cannot be recorded is still an answer
                self._lost += 1
                logger.exception("prediction %s is not in the log", record["prediction_id"])
        elif self._batches:
            self._batches.append(dumped(record))
        if self.images and self._batches:
            self._batches.put_image(image.sha256, image.data or encode_png(image.pixels))

    def close(self) -> None:
        """Write what waits; takes five seconds at most."""
        if self._batches:
            self._batches.close()


def dumped(record: Mapping[str, object]) -> bytes:
    """A record as one line."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _place(prediction_id: str) -> float:
    """Where an id lies in [0, 1): ids are spread evenly, whatever they look like."""
    return int.from_bytes(hashlib.sha256(prediction_id.encode()).digest()[:8], "big") / 2**64


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"file", "s3", "gs", "az"} or not (
        parts.path if parts.scheme == "file" else parts.netloc
    ):
        raise ServingError(f"PREDICTION_LOG={url}: give a path, file:///folder or s3://bucket/prefix")
    return url.rstrip("/")


def _share(name: str) -> float:
    text = os.environ.get(name) or "1"
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise ServingError(f"{name}={text}: it is a share of the answers; give 0 to 1")
    return share


def _flag(name: str) -> bool:
    text = os.environ.get(name) or "false"
    if text not in {"true", "false"}:
        raise ServingError(f"{name}={text}: give true or false")
    return text == "true"
