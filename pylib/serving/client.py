"""Asks a model server over REST, here or on a cluster, and reads its answer."""

import base64
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import numpy as np
import requests
from numpy.typing import NDArray

from pylib.data.images import decode_mask
from pylib.errors import DataError, ServingError, one_line

_PATH = "/api/v1.0/predictions"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Prediction:
    """An answer.

    mask: uint8 [H,W] of the image's own size, value i stands for `classes[i]`
    class_shares: class name to its share of the pixels, 0..1
    mean_confidence: mean over pixels of the likeliest class's probability, 0..1
    tags: model_digest, data_commit, git_commit, prediction_id
    latency: seconds from the request's first byte to the answer's last
    """

    mask: NDArray[np.uint8]
    classes: list[str]
    class_shares: dict[str, float]
    mean_confidence: float
    tags: dict[str, str]
    latency: float


class Client:
    """A connection to the model server at `url`, such as http://127.0.0.1:9000.

    On a cluster, `url` is the address of the gateway followed by /seldon/<namespace>/<deployment>.
    `timeout` is in seconds, for the connection and for each wait for data. All methods raise ServingError.
    """

    def __init__(self, url: str, *, timeout: float = 30) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = urlsplit(url).hostname not in _LOOPBACK  # no proxy to ourselves

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def predict(self, image: bytes) -> Prediction:
        """Ask for the segmentation of an image file's content, JPEG or PNG."""
        started = time.perf_counter()
        answer = self._request("POST", _PATH, json={"binData": base64.b64encode(image).decode()})
        return self._prediction(answer, time.perf_counter() - started)

    def status(self) -> dict[str, str]:
        """Return which model is served: model_digest, data_commit, git_commit."""
        data = self._request("GET", "/health/status").get("jsonData")
        if not isinstance(data, dict):
            raise ServingError(f"{self.url} is not one of our model servers: its status is not what they say")
        return {str(name): str(value) for name, value in data.items()}

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            response = self._session.request(method, self.url + path, timeout=self._timeout, **arguments)
            answer = response.json()
        except requests.JSONDecodeError as error:
            raise ServingError(
                f"{self.url}{path} answered {response.status_code}, not JSON: is the URL right?"
            ) from error
        except requests.Timeout as error:
            raise ServingError(f"{self.url} did not answer within {self._timeout:g} s") from error
        except requests.ConnectionError as error:
            raise ServingError(f"no model server at {self.url}: start one with `pylib serve`") from error
        except (requests.RequestException, ValueError) as error:
            raise ServingError(f"{self.url}: {' '.join(str(error).split())}") from error
        if not isinstance(answer, dict) or not response.ok:
            raise ServingError(f"{self.url} answered {response.status_code}: {_reason(answer)}")
        return answer

    def _prediction(self, answer: dict[str, Any], latency: float) -> Prediction:
        try:
            data, tags = answer["jsonData"], answer["meta"]["tags"]
            return Prediction(
                mask=decode_mask(base64.b64decode(data["mask_png"])),
                classes=list(data["classes"]),
                class_shares={name: float(data["class_shares"][name]) for name in data["classes"]},
                mean_confidence=float(data["mean_confidence"]),
                tags=dict(tags),
                latency=latency,
            )
        except (KeyError, TypeError, ValueError, DataError) as error:
            detail = f"{type(error).__name__}: {error}"
            raise ServingError(
                f"{self.url} answered something else than a segmentation ({detail})"
            ) from error


def _reason(answer: Any) -> str:
    """Return the sentence of a Seldon status, or what there is instead."""
    status = answer.get("status") if isinstance(answer, dict) else None
    reason = status.get("info") if isinstance(status, dict) else answer
    return one_line(reason, 300)
