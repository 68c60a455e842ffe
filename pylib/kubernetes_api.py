"""The Kubernetes API for retraining and searches: objects as the server has them, a line for each refusal.

Objects are plain mappings on purpose: the client's typed models drop the fields that they do not know, and a
Job must be made of all that its CronJob says.
"""

import json
import os
import urllib.parse
from collections.abc import Iterator
from typing import Any

from pylib.errors import PipelineError

Body = dict[str, Any]
SECONDS = (5, 30)
"""How long one call waits for a connection, and for the answer."""

JOBS = "/apis/batch/v1/namespaces/{}/jobs"
CRON_JOBS = "/apis/batch/v1/namespaces/{}/cronjobs"
EXPERIMENTS = "/apis/kubeflow.org/v1beta1/namespaces/{}/experiments"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"


class RefusedError(PipelineError):
    """The API server answered, and not with what was asked; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class KubernetesApi:
    """The API server that a pod, or a kubeconfig, knows."""

    def __init__(self) -> None:
        """Find the server: the pod's own, or that of the current context. Raises PipelineError."""
        from kubernetes import client, config

        made = client.Configuration()
        try:
            if "KUBERNETES_SERVICE_HOST" in os.environ:  # a pod's; the kubelet says so
                config.load_incluster_config(client_configuration=made)
            else:
                config.load_kube_config(os.environ.get("KUBECONFIG"), client_configuration=made)
        except config.ConfigException as error:
            raise PipelineError(
                f"no Kubernetes API: {error}; run this in a pod with a token, or set KUBECONFIG"
            ) from error
        made.retries = False  # who calls knows what may be asked twice
        self._client = client.ApiClient(made)
        self.server = made.host

    def get(self, collection: str, name: str) -> Body | None:
        """One object; None where it is not there. Raises PipelineError."""
        try:
            return dict(self._call("GET", f"{collection}/{name}"))
        except RefusedError as error:
            if error.status == 404:  # noqa: PLR2004
                return None
            raise

    def create(self, collection: str, body: Body) -> Body:
        """Make an object. Raises RefusedError, of status 409 where one of its name is there."""
        return dict(self._call("POST", collection, body))

    def replace(self, collection: str, body: Body) -> Body:
        """Write an object that was read before. Raises RefusedError, 409 where another wrote in between."""
        return dict(self._call("PUT", f"{collection}/{body['metadata']['name']}", body))

    def delete(self, collection: str, name: str) -> None:
        """Remove an object, and what it owns after it. Raises RefusedError, 404 where it is not there."""
        self._call("DELETE", f"{collection}/{name}")

    def watch(self, collection: str, name: str, version: str, seconds: int) -> Iterator[Body]:
        """What becomes of one object after that version of it: events with `type` and `object`.

        It ends after so many seconds, or when the server or the way to it ends it; then one watches again.
        Raises RefusedError, 410 where the version is too old, or PipelineError.
        """
        import urllib3.exceptions

        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "timeoutSeconds": seconds,
        }
        path = f"{collection}?{urllib.parse.urlencode(query)}"
        answer = self._call("GET", path, streamed=True, seconds=(SECONDS[0], seconds + SECONDS[1]))
        try:
            yield from map(json.loads, filter(None, map(bytes.strip, _lines(answer))))
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            return  # the way broke in the middle of it
        finally:
            answer.close()

    def _call(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        streamed: bool = False,
        seconds: tuple[int, int] = SECONDS,
    ) -> Any:
        import urllib3.exceptions
        from kubernetes.client.rest import ApiException

        try:
            answer = self._client.call_api(
                path,
                method,
                body=body,
                header_params={"Content-Type": "application/json", "Accept": "application/json"},
                auth_settings=["BearerToken"],
                response_type=None if streamed else "object",
                _return_http_data_only=True,
                _preload_content=not streamed,
                _request_timeout=seconds,
            )
        except ApiException as error:
            raise RefusedError(f"{method} {path}: {_said(error)}", int(error.status or 0)) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            reason = type(error).__name__
            raise PipelineError(
                f"the Kubernetes API at {self.server} does not answer ({reason}); is it up?"
            ) from error
        return answer


def _lines(answer: Any) -> Iterator[bytes]:
    """The lines of a streamed answer; what comes without an end of line is not whole."""
    kept = b""
    for part in answer.stream(amt=None):
        *whole, kept = (kept + part).split(b"\n")
        yield from whole


def _said(error: Any) -> str:
    """What the server said, in one line."""
    try:
        message = json.loads(error.body or "")["message"]
    except (ValueError, KeyError, TypeError):
        message = error.reason
    return f"{error.status} {' '.join(str(message).split())}"
