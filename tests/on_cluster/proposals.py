"""Objects shown to the server, which judges them as if they were meant and keeps nothing."""

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from pylib.cluster.pods import PodTemplate
from tests.on_cluster.kubectl import Body, Kubectl, KubectlError


def as_list(bodies: Iterable[Mapping[str, Any]]) -> str:
    """Objects as one text for kubectl."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(bodies)})


def create(kubectl: Kubectl, bodies: Iterable[Body], *arguments: str) -> list[Body]:
    """What the server makes of objects, in their order."""
    each_on_a_line = '--output=jsonpath={@}{"\\n"}'
    text = kubectl.run("create", "--filename=-", each_on_a_line, *arguments, text=as_list(bodies))
    return [json.loads(line) for line in text.splitlines()]


def propose(kubectl: Kubectl, *bodies: Body) -> list[Body]:
    """What the server would make of objects; its refusal, or a warning, is a KubectlError."""
    return create(kubectl, bodies, "--dry-run=server", "--warnings-as-errors")


def refusal(kubectl: Kubectl, *bodies: Body) -> str:
    """Why the server would make none of these objects; the test fails where it would make one."""
    try:
        taken = create(kubectl, bodies, "--dry-run=server")
    except KubectlError as error:
        reason = str(error)
        assert reason.count("Error from server") == len(bodies), f"not all are refused: {reason}"
        return reason
    names = [f"{each['kind']} {each['metadata']['namespace']}/{each['metadata']['name']}" for each in taken]
    pytest.fail(f"the server takes {', '.join(names)}", pytrace=False)


def pod_of(template: PodTemplate) -> Body:
    """The pod that a controller makes of a template; the claims of a StatefulSet are volumes of it."""
    resource, spec = template.resource, copy.deepcopy(dict(template.spec))
    names = [each["metadata"]["name"] for each in resource.spec.get("volumeClaimTemplates") or []]
    claims = [{"name": each, "persistentVolumeClaim": {"claimName": f"{each}-0"}} for each in names]
    if claims:
        spec["volumes"] = [*(spec.get("volumes") or []), *claims]
    name = f"{resource.kind.lower()}-{resource.name}-proposed"
    metadata = {"name": name, "namespace": resource.namespace, "labels": template.labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
