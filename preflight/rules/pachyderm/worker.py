"""The pod that pachd makes for a pipeline, with the specification's own changes, and whether it is taken.

As workerPodSpec of Pachyderm 2.12 has it (src/server/pps/server/worker_rc.go), without what no rule looks at.
"""

import copy
import json
from typing import Any

from preflight.admission.pod_security import ENFORCE, violations
from preflight.findings import Faults
from preflight.platform.bringing import whole
from preflight.platform.pachyderm_specs import Spec, namespace
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.merge_patch import merge_patch
from preflight.render.pods import PodTemplate
from preflight.render.resources import Origin, Resource
from preflight.rules.pachyderm.spec_schema import sound

ACCOUNT = "pachyderm-worker"
CONFINED = {
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["all"]},
}
VOLUMES = ("pach-bin", "pachyderm-worker", "pach-dir-volume", "user-tmp", "tmp")


@rule(
    "pachyderm-worker", "the worker's pod is refused, and the pipeline stands at starting for ever", of=sound
)
def pachyderm_worker(render: Render, spec: Spec) -> Faults:
    """The pod can be made: its account is there, and its namespace takes it."""
    space = namespace(render)
    try:
        pod = patched(pod_of(spec), spec)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        yield "podPatch", f"it does not fit the worker's pod: {type(error).__name__} {error}; fix it"
        return
    yield from _account(render, pod, space)
    levels = [each.labels.get(ENFORCE, "") for each in render.of("Namespace") if each.name == space]
    body = {"kind": "Pod", "metadata": {"name": spec.name, "namespace": space}}
    template = PodTemplate(Resource(spec.application, body, Origin(spec.file, upstream=False)), "", {}, pod)
    for field, message in violations(template, levels[0]) if levels else ():
        yield (
            "podPatch",
            f"{field.removeprefix('.')}: {message}, and namespace {space} is {levels[0]}; change it",
        )


def _account(render: Render, pod: dict[str, Any], space: str) -> Faults:
    account = str(pod.get("serviceAccountName"))
    there = render.by_key.get(("", "ServiceAccount", space, account))
    if account != ACCOUNT and not there and whole(render, space):
        yield "podPatch", f"there is no ServiceAccount {space}/{account}; write its name, or add it"


def pod_of(spec: Spec) -> dict[str, Any]:
    """The pod as pachd makes it, before podSpec and podPatch."""
    user = str(spec.transform.get("user") or "")
    own: dict[str, Any] = {}
    whole_pod: dict[str, Any] = {}
    if user.isdigit():
        number = {"runAsUser": int(user), "runAsGroup": int(user)}
        own = {"securityContext": {**CONFINED, **number}}
        profile = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
        whole_pod = {"securityContext": {**number, "fsGroup": int(user), **profile}}
    container = {"name": "user", "image": spec.transform.get("image"), "env": [], "volumeMounts": [], **own}
    return {
        "initContainers": [{"name": "init", "securityContext": CONFINED}],
        "containers": [container, {"name": "storage", "env": [], "securityContext": CONFINED}],
        "serviceAccountName": ACCOUNT,
        "automountServiceAccountToken": True,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 0,
        "volumes": [{"name": name, "emptyDir": {}} for name in VOLUMES],
        **whole_pod,
    }


def patched(pod: dict[str, Any], spec: Spec) -> dict[str, Any]:
    """The pod with podSpec merged (RFC 7386) and podPatch applied (RFC 6902).

    Raises KeyError, IndexError, TypeError or ValueError where they do not fit it.
    """
    made = copy.deepcopy(pod)
    if spec.body.get("podSpec"):
        made = merge_patch(made, json.loads(spec.body["podSpec"]))
    for operation in json.loads(spec.body.get("podPatch") or "[]"):
        _apply(made, operation)
    return made


def _apply(document: Any, operation: dict[str, Any]) -> None:
    """One operation of RFC 6902, whose six are all that there are."""
    kind, path = operation["op"], operation["path"]
    if kind == "test":
        if _at(document, path) != operation["value"]:
            raise ValueError(f"test of {path}: it is {_at(document, path)!r}")
    elif kind in {"copy", "move"}:
        value = copy.deepcopy(_at(document, operation["from"]))
        if kind == "move":
            _set(document, operation["from"], "remove")
        _set(document, path, "add", value)
    elif kind in {"add", "replace", "remove"}:
        _set(document, path, kind, None if kind == "remove" else operation["value"])
    else:
        raise ValueError(f"op {kind!r}: there are add, remove, replace, move, copy and test")


def _set(document: Any, path: str, kind: str, value: Any = None) -> None:
    *steps, last = _steps(path)
    for step in steps:
        document = _in(document, step)
    if isinstance(document, list):
        index = len(document) if last == "-" else int(last)
        if index > len(document) - (kind != "add"):
            raise IndexError(f"{path}: the list has {len(document)}")
        document[index : index + (kind != "add")] = [] if kind == "remove" else [value]
    elif kind == "remove":
        del document[last]
    else:
        if kind == "replace":
            document[last]  # it must be there
        document[last] = value


def _at(document: Any, path: str) -> Any:
    for step in _steps(path):
        document = _in(document, step)
    return document


def _in(document: Any, step: str) -> Any:
    return document[int(step)] if isinstance(document, list) else document[step]


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
