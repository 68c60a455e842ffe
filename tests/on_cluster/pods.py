"""Pods that the tests start beside the platform's: confined as ours are, watched, and removed again."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.waiting import require, until

CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}
# Not what a step of a pipeline asks for, which a small node may not have.
SMALL = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}


def container(name: str, image: str, command: list[str], **more: Any) -> Body:
    """A container that is no user of note and writes to /tmp alone, unless told more."""
    return {
        "name": name,
        "image": image,
        "command": command,
        "resources": SMALL,
        "securityContext": CONFINED,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        **more,
    }


def pod(name: str, namespace: str, *containers: Body, **more: Any) -> Body:
    """A pod under a new name that begins with `name` and runs once; its volume `tmp` is empty."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-{uuid.uuid4().hex[:8]}", "namespace": namespace},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "containers": list(containers),
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            **more,
        },
    }


@contextmanager
def running(kubectl: Kubectl, body: Body) -> Iterator[str]:
    """The name of an object that is there as long as the block."""
    name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
    kubectl.apply(body)
    try:
        yield name
    finally:
        kubectl.delete(body["kind"], name, namespace)


def exit_codes(kubectl: Kubectl, name: str, namespace: str, seconds: float) -> dict[str, int | None]:
    """The exit code of each container once the pod has ended; None where it did not come to start."""

    def look() -> dict[str, int | None]:
        status = kubectl.get("pod", name, namespace)["status"]
        ended = status["phase"] in {"Succeeded", "Failed"}
        require(ended, f"it is {status['phase']}: {json.dumps(_states(status))}")
        return {
            key: (state.get("terminated") or {}).get("exitCode") for key, state in _states(status).items()
        }

    return until(seconds, f"pod {name} at its end", look)


def log(kubectl: Kubectl, name: str, namespace: str, container: str) -> str:
    """What a container of a pod has printed so far."""
    return kubectl.run("logs", name, f"--namespace={namespace}", f"--container={container}")


def _states(status: Body) -> dict[str, Body]:
    statuses = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    return {each["name"]: each["state"] for each in statuses}


@contextmanager
def forwarded(kubectl: Kubectl, target: str, namespace: str, port: int) -> Iterator[str]:
    """The address on this machine of a port of a pod or Service, as long as the block."""
    command = ["kubectl", "--kubeconfig", str(kubectl.config), "port-forward", f"--namespace={namespace}"]
    with subprocess.Popen(
        [*command, target, f":{port}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout
            words = process.stdout.readline().split()
            assert words[:2] == ["Forwarding", "from"], " ".join(words)
            yield f"http://{words[2]}"
        finally:
            process.terminate()
