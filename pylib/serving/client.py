"""Asks a model server over REST, here or on a cluster, and reads its answer."""

import base64
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from pylib.errors import ConfigurationError, DataError, ServingError, one_line
from pylib.tasks import task

_PATH = "/api/v1.0/predictions"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Prediction:
    """An answer.

    task: which task it is of; a server that says none is of before there was more than one
    answer: what the task read; of segmentation, its mask, classes, class_shares and mean_confidence
    content: the same as it was sent, JSON
    tags: task, model_digest, data_commit, git_commit, prediction_id
    latency: seconds from the request's first byte to the answer's last
    """

    task: task.Task
    answer: Any
    content: dict[str, Any]
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
        """Ask what the model sees in an image file's content, JPEG or PNG."""
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
            data, tags = answer["jsonData"], dict(answer["meta"]["tags"])
            tags = {str(name): str(value) for name, value in tags.items()}
            asked = task.find(tags.get("task", task.DEFAULT))
        except ConfigurationError as error:
            raise ServingError(f"{self.url} answers for a newer pylib ({error}): update this one") from error
        except (KeyError, TypeError, ValueError) as error:
            raise self._unreadable("one of our answers", error) from error
        try:
            return Prediction(asked, asked.answer.read(data), data, tags, latency)
        except (KeyError, TypeError, ValueError, DataError) as error:
            raise self._unreadable(f"an answer of {asked.name}", error) from error

    def _unreadable(self, what: str, error: Exception) -> ServingError:
        return ServingError(
            f"{self.url} answered something else than {what} ({type(error).__name__}: {error})"
        )


def _reason(answer: Any) -> str:
    """Return the sentence of a Seldon status, or what there is instead."""
    status = answer.get("status") if isinstance(answer, dict) else None
    reason = status.get("info") if isinstance(status, dict) else answer
    return one_line(reason, 300)
