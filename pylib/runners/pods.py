"""What the cluster itself knows of a run, by kubectl: why a pod waits, what a failed step said last.

All of it stands in the run's Argo Workflow and in its pods, by the label `pipeline/runid`; the API of
Kubeflow Pipelines tells none of it. Without kubectl the answers are empty.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pylib.provenance.tries import MARK
from pylib.runners import kubectl, logs
from pylib.runners.tasks import DRIVER, Task

LABEL = "pipeline/runid"
_NODE = "workflows.argoproj.io/node-name"
_INSTANCE = re.compile(r"\(\d+\)$")


@dataclass(frozen=True)
class Node:
    """A node of the workflow: its path of names, our task on that path, its phase and its message."""

    path: str
    task: str
    kind: str
    phase: str
    message: str


def command(run_id: str, namespace: str) -> str:
    """What a person types to see all that a run's steps printed."""
    return f"kubectl logs -n {namespace} -l {LABEL}={run_id} -c main --prefix --tail=60"


def nodes(run_id: str, namespace: str, wanted: Collection[str]) -> list[Node]:
    """The workflow's nodes that belong to the pipeline's own tasks."""
    return [
        node for flow in _items("workflows.argoproj.io", run_id, namespace) for node in _own(flow, wanted)
    ]


def _own(flow: Any, wanted: Collection[str]) -> Iterator[Node]:
    for node in (flow.get("status", {}).get("nodes") or {}).values():
        parts = [_INSTANCE.sub("", part).removesuffix(DRIVER) for part in node["name"].split(".")]
        task = next((part for part in reversed(parts) if part in wanted), "")
        if task:
            yield Node(node["name"], task, node["type"], node.get("phase", ""), node.get("message", ""))


def pending(run_id: str, namespace: str, wanted: Collection[str]) -> dict[str, str]:
    """Why pods wait, in the scheduler's own words, by task."""
    return {
        node.task: " ".join(node.message.split())
        for node in nodes(run_id, namespace, wanted)
        if node.kind == "Pod" and node.phase == "Pending" and node.message
    }


def last_words(run_id: str, namespace: str, wanted: Collection[str]) -> dict[str, str]:
    """What each failed task's last pod said of itself, or what ended it, in one line by task."""
    failed = {
        node.path: node
        for node in nodes(run_id, namespace, wanted)
        if node.kind == "Pod" and node.phase in {"Failed", "Error"}
    }
    found: dict[str, str] = {}
    for pod in _items("pods", run_id, namespace):
        node = failed.pop(pod["metadata"].get("annotations", {}).get(_NODE, ""), None)
        if node:
            found[node.task] = _said(pod, namespace) or node.message
    return {node.task: node.message for node in failed.values() if node.message} | found


def _said(pod: Any, namespace: str) -> str:
    """A killed container says nothing, so what ended it goes first; else the last line of its own."""
    states = pod.get("status", {}).get("containerStatuses") or []
    ended = next((s["state"].get("terminated") or {} for s in states if s["name"] == "main"), {})
    if ended.get("reason") == "OOMKilled":
        return "out of memory: killed at its limit; give it a higher one in pipelines/, or a smaller batch"
    if str(ended.get("message", "")).startswith(MARK):
        return str(ended["message"]).removeprefix(MARK)
    if pod.get("status", {}).get("reason"):
        return f"{pod['status']['reason']}: {pod['status'].get('message', '')}".strip(": ")
    return logs.last_words(_log(pod, namespace, "--tail=60"))


def _log(pod: Any, namespace: str, tail: str) -> str:
    name = pod["metadata"]["name"]
    try:
        return kubectl.run("logs", name, "--namespace", namespace, "--container", "main", tail)
    except kubectl.KubectlError:
        return ""


def warnings(run_id: str, namespace: str, wanted: Collection[str]) -> list[tuple[str, str]]:
    """What steps said to the person who watches, by task; empty where nobody can read their logs."""
    found: list[tuple[str, str]] = []
    for pod in _items("pods", run_id, namespace):
        task = _task(pod, wanted)
        lines = _log(pod, namespace, "--tail=-1").splitlines() if task else []
        said = (line.strip() for line in lines if line.lstrip().startswith(logs.WARNING))
        found += [(task, line.removeprefix(logs.WARNING)) for line in said]
    return found


def at_work(run_id: str, namespace: str, wanted: Collection[str]) -> list[Task]:
    """When the steps' own containers ran, without the starts of their pods; empty where nobody can say."""
    return [task for pod in _items("pods", run_id, namespace) for task in _container(pod, wanted)]


def _container(pod: Any, wanted: Collection[str]) -> Iterator[Task]:
    task = _task(pod, wanted)
    for status in pod.get("status", {}).get("containerStatuses") or []:
        ended = status["state"].get("terminated")
        if task and status["name"] == "main" and ended:
            began, over = (datetime.fromisoformat(ended[key]) for key in ("startedAt", "finishedAt"))
            yield Task(task, ended.get("reason", ""), began, over)


def _task(pod: Any, wanted: Collection[str]) -> str:
    """Which of the pipeline's own tasks a pod is of; empty for a driver and the like."""
    path = pod["metadata"].get("annotations", {}).get(_NODE, "")
    parts = [_INSTANCE.sub("", part) for part in path.split(".")]
    return next((part for part in reversed(parts) if part in wanted), "")


def _items(kind: str, run_id: str, namespace: str) -> list[Any]:
    if not namespace or not kubectl.context():
        return []
    try:
        return list(kubectl.get(kind, "--selector", f"{LABEL}={run_id}", namespace=namespace)["items"])
    except kubectl.KubectlError:
        return []
