"""The Pod Security Standards, field by field."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from preflight.admission.pod_security import violations
from preflight.render.cluster import Render

CONTAINER = "spec.containers[0].securityContext"
SOUND = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RenderOf = Callable[..., Render]


def refused(render_of: RenderOf, level: str, container: dict[str, Any], **pod: Any) -> set[str]:
    """The fields of a pod that a level refuses."""
    spec = {"containers": [{"name": "web", **container}], **pod}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "work"}, "spec": spec}
    [made] = render_of(yaml.safe_dump(body)).pods["work"]
    return {field for field, _ in violations(made, level)}


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ({"privileged": True}, "privileged"),
        ({"capabilities": {"add": ["NET_ADMIN"]}}, "capabilities.add"),
        ({"procMount": "Unmasked"}, "procMount"),
        ({"seccompProfile": {"type": "Unconfined"}}, "seccompProfile.type"),
        ({"appArmorProfile": {"type": "Unconfined"}}, "appArmorProfile.type"),
        ({"seLinuxOptions": {"type": "spc_t"}}, "seLinuxOptions"),
        ({"seLinuxOptions": {"user": "root"}}, "seLinuxOptions"),
    ],
)
def test_baseline_refuses(render_of: RenderOf, context: dict[str, Any], field: str) -> None:
    assert refused(render_of, "baseline", {"securityContext": context}) == {f"{CONTAINER}.{field}"}
    assert refused(render_of, "privileged", {"securityContext": context}) == set()


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"capabilities": {"add": ["NET_BIND_SERVICE", "CHOWN"]}},
        {"runAsUser": 0},
        {"seLinuxOptions": {"type": "container_t", "level": "s0:c1"}},
        {"procMount": "Default", "privileged": False},
    ],
)
def test_baseline_takes(render_of: RenderOf, context: dict[str, Any]) -> None:
    assert refused(render_of, "baseline", {"securityContext": context}) == set()


def test_baseline_refuses_what_is_of_the_node(render_of: RenderOf) -> None:
    port = {"ports": [{"containerPort": 80, "hostPort": 80}]}
    volume = {"name": "root", "hostPath": {"path": "/"}}
    assert refused(render_of, "baseline", port, hostNetwork=True, hostIPC=True, volumes=[volume]) == {
        "spec.containers[0].ports[0].hostPort",
        "spec.hostIPC",
        "spec.hostNetwork",
        "spec.volumes[0].hostPath",
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"allowPrivilegeEscalation": None}, "allowPrivilegeEscalation"),
        ({"capabilities": {"drop": ["NET_RAW"]}}, "capabilities.drop"),
        ({"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}, "capabilities.add"),
        ({"runAsNonRoot": False}, "runAsNonRoot"),
        ({"runAsUser": 0}, "runAsUser"),
        ({"seccompProfile": None}, "seccompProfile.type"),
    ],
)
def test_restricted_refuses(render_of: RenderOf, change: dict[str, Any], field: str) -> None:
    context = {key: value for key, value in {**SOUND, **change}.items() if value is not None}
    assert refused(render_of, "restricted", {"securityContext": context}) == {f"{CONTAINER}.{field}"}


def test_restricted_takes_what_the_pod_says_for_all(render_of: RenderOf) -> None:
    pod = {"runAsNonRoot": True, "seccompProfile": {"type": "Localhost"}}
    own = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
    volumes = [{"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "b"}}]
    taken = refused(render_of, "restricted", {"securityContext": own}, securityContext=pod, volumes=volumes)
    assert taken == set()
