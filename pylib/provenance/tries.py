"""A step on a cluster that failed for good is not done again.

Kubeflow Pipelines 2.16 tries a task with retries again after any failure, and a try knows nothing of the
one before. So a failure that lasts is left as its pod's termination message (the kubelet keeps
/dev/termination-log, `kubectl describe` and Argo show it), and a later try first reads what the pods of
the former ones left, as the account of a step may. Where that cannot be read it simply tries.
https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
"""

import json
import os
import re
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pylib.errors import (
    ConfigurationError,
    DataError,
    GateError,
    NotFoundError,
    PipelineError,
    ProvenanceError,
    one_line,
)

LASTING = (ConfigurationError, DataError, GateError, NotFoundError, PipelineError, ProvenanceError)
BUGS = (TypeError, AttributeError, NameError, ImportError, LookupError, AssertionError)
"""What a second try cannot help: what people wrote, what data is, a time limit; and our own mistakes."""

NODE = "PYLIB_NODE"
"""Where a task on a cluster has the name of its node, `workflow.root.train.executor(1)`."""

MARK = "not tried again: "
_ANNOTATION = "workflows.argoproj.io/node-name"
_TRY = re.compile(r"(?P<path>(?P<workflow>[^.]+)\..*)\((?P<number>\d+)\)")
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TERMINATION = Path("/dev/termination-log")
_SECONDS = 15


@contextmanager
def not_again() -> Iterator[None]:
    """Leave a failure that lasts where a later try finds it; raise PipelineError where a former try did."""
    node = os.environ.get(NODE, "")
    if not node:
        yield
        return
    if former := _former(node):
        _leave(former)
        raise PipelineError(former)
    try:
        yield
    except (*LASTING, *BUGS) as error:
        _leave(one_line(error, 1000))
        raise


def _leave(message: str) -> None:
    """The kubelet takes 4,096 bytes; a file that cannot be written costs the later tries, nothing else."""
    try:
        _TERMINATION.write_text((MARK + message)[:2000], encoding="utf-8")
    except OSError as error:
        print(f"{_TERMINATION}: {error}; a later try will not know", flush=True)  # noqa: T201


def _former(node: str) -> str:
    """What a former try of this node failed of for good; empty where there was none, or nobody can say."""
    match = _TRY.fullmatch(node)
    if not match or match["number"] == "0":
        return ""
    try:
        pods = _pods(match["workflow"])
    except (OSError, ValueError, KeyError) as error:
        print(f"former tries cannot be asked ({error}): trying again", flush=True)  # noqa: T201
        return ""
    former = {f"{match['path']}({number})" for number in range(int(match["number"]))}
    said = (_said(pod) for pod in pods if pod["metadata"].get("annotations", {}).get(_ANNOTATION) in former)
    return next((message for message in said if message), "")


def _said(pod: dict[str, Any]) -> str:
    for status in pod.get("status", {}).get("containerStatuses") or []:
        ended = status["state"].get("terminated") or {}
        if status["name"] == "main" and ended.get("reason") == "OOMKilled":
            return "out of memory: it was killed at its limit; raise it in pipelines/, or use a smaller batch"
        if status["name"] == "main" and str(ended.get("message", "")).startswith(MARK):
            return str(ended["message"]).removeprefix(MARK)
    return ""


def _pods(workflow: str) -> list[dict[str, Any]]:
    """The workflow's pods, asked of the API server with the pod's own account."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    namespace = (_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    query = urllib.parse.urlencode({"labelSelector": f"workflows.argoproj.io/workflow={workflow}"})
    request = urllib.request.Request(
        f"https://{f'[{host}]' if ':' in host else host}:{port}/api/v1/namespaces/{namespace}/pods?{query}",
        headers={"Authorization": f"Bearer {(_ACCOUNT / 'token').read_text(encoding='utf-8').strip()}"},
    )
    trusted = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
    with urllib.request.urlopen(request, timeout=_SECONDS, context=trusted) as answer:  # noqa: S310 (https)
        return list(json.load(answer)["items"])
