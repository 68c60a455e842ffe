"""The way to a Kubeflow Pipelines API: its address, whom it takes us for, in which namespace.

Every fault is one line that says what to do.

The endpoint is `KF_PIPELINES_ENDPOINT`, as in the KFP SDK; inside a cluster none is needed.
"""

import json
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pylib.errors import PipelineError
from pylib.runners import cluster_settings, credentials
from pylib.runners.credentials import Credentials

SECONDS = 15
FORWARD = "kubectl port-forward -n kubeflow service/ml-pipeline 8888:8888"
"""What makes the API reachable on http://localhost:8888."""
AROUND = f"run `{FORWARD}`, then KF_PIPELINES_ENDPOINT=http://localhost:8888"


@dataclass(frozen=True)
class Health:
    """What the API says of itself to everybody: whether it has many users, and where pipelines are kept."""

    multi_user: bool
    pipeline_store: str


@dataclass(frozen=True)
class Connection:
    """An API that lets us in: the SDK's client; the namespace of our runs, None where there is one user."""

    client: Any
    namespace: str | None


def endpoint() -> str:
    """The API's address."""
    return os.environ.get("KF_PIPELINES_ENDPOINT", "http://ml-pipeline.kubeflow:8888").rstrip("/")


def connect(namespace: str | None = None) -> Connection:
    """Ask the API once, step by step, and make the SDK's client; PipelineError where a step fails."""
    import kfp

    many = health().multi_user
    where = (namespace or cluster_settings.namespace()) if many else namespace
    who = Credentials(where or cluster_settings.namespace(), made=many)
    let_in(who, where, needed=many)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Without a host the SDK asks the cluster that kubectl speaks with; it knows no bundle by itself.
        client = call(
            kfp.Client,
            host=endpoint(),
            credentials=who if who.token() else None,
            ssl_ca_cert=os.environ.get("REQUESTS_CA_BUNDLE"),
        )
    return Connection(client, where)


def health() -> Health:
    """Whether anybody is there, and what they are; no token is needed for that."""
    answer = _get("healthz")
    try:
        said = answer.json()
    except ValueError:
        said = None
    if answer.is_redirect or (answer.ok and not isinstance(said, dict)):
        raise PipelineError(
            f"{endpoint()} is not the API of Kubeflow Pipelines (a page, or a login); {AROUND}"
        )
    if answer.status_code in {401, 403}:  # the API itself asks nobody for that
        raise PipelineError(f"{_told(answer.status_code, answer.reason, answer.text)}; {_guard(answer.text)}")
    if not answer.ok:
        raise refused(answer.status_code, answer.reason, answer.text)
    return Health(bool(said.get("multi_user")), str(said.get("pipeline_store", "")))


def let_in(who: Credentials, namespace: str | None, *, needed: bool) -> None:
    """Whether the token is taken and may list what is in the namespace, which is where a run begins."""
    token = who.token()
    if needed and not token:
        make = "kubectl " + " ".join(credentials.command(who.namespace))
        raise PipelineError(
            f"Kubeflow Pipelines at {endpoint()} has many users and asks who we are: "
            f'set KF_PIPELINES_TOKEN="$({make})"; pylib does it itself where kubectl can: {who.reason}'
        )
    where = {"namespace": namespace} if namespace else {}
    answer = _get("experiments", token, page_size="1", **where)
    if not answer.ok:
        raise refused(answer.status_code, answer.reason, answer.text, who.origin)


def _get(path: str, token: str = "", **query: str) -> Any:
    import requests

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"{endpoint()}/apis/v2beta1/{path}"
    try:
        return requests.get(address, query, headers=headers, timeout=SECONDS, allow_redirects=False)
    except requests.exceptions.SSLError as error:
        raise PipelineError(
            f"Kubeflow Pipelines at {endpoint()}: its certificate is not trusted; "
            "set REQUESTS_CA_BUNDLE to the file of its authority"
        ) from error
    except requests.RequestException as error:
        raise PipelineError(
            f"Kubeflow Pipelines at {endpoint()}: {type(error).__name__}; run `{FORWARD}` and set "
            "KF_PIPELINES_ENDPOINT=http://localhost:8888"
        ) from error


def refused(status: int, reason: str, body: str, origin: str = "") -> PipelineError:
    """The error for an answer that is none: its own words, and what to do about such."""
    told = _told(status, reason, body)
    if status in {401, 403} and _is_page(body):
        return PipelineError(f"{told}; {_guard(body)}")
    advice = {
        401: f"the token{f' of {origin}' if origin else ''} is not taken: KF_PIPELINES_TOKEN must have the "
        f"audience {credentials.AUDIENCE} and be younger than an hour",
        403: "the account may not do that there: see --namespace, and cluster-conf/ml-user/base/role.yaml",
    }.get(status, "check the namespace and the parameters")
    return PipelineError(f"{told}; {advice}")


def _told(status: int, reason: str, body: str) -> str:
    return f"Kubeflow Pipelines at {endpoint()} answered {status} {reason}{_words(body)}"


def _is_page(body: str) -> bool:
    """Whether an answer is for people: the API's own are JSON."""
    return body.lstrip()[:1] == "<"


def _guard(body: str) -> str:
    what = "a page that asks for a login" if _is_page(body) else "something that asks who we are"
    return f"{what} stands before the API, and no token of Kubeflow Pipelines is for it; {AROUND}"


def _words(body: str) -> str:
    """The API's own message: the last of the causes that it wraps in one another."""
    try:
        said = json.loads(body)
        message = str(said.get("message") or said.get("error") or "")
    except (ValueError, AttributeError):
        return ""
    return f": {' '.join(message.split())[:300]}" if message else ""


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the API through the SDK; whatever it raises becomes one line that names the endpoint."""
    import kfp_server_api
    import urllib3.exceptions

    try:
        return function(*args, **kwargs)
    except kfp_server_api.ApiException as error:
        raise refused(error.status, error.reason, str(error.body or "")) from error
    except (urllib3.exceptions.HTTPError, OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PipelineError(f"Kubeflow Pipelines at {endpoint()}: {reason}; is it of version 2?") from error
