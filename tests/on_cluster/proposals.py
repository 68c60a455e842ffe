"""Objects shown to the server, which judges them as if they were meant and keeps nothing."""

import copy
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from preflight.render.pods import PodTemplate
from tests.on_cluster.kubectl import Body, Kubectl, KubectlError

# Where, among what kubectl says of many objects, the next one begins.
ERROR = re.compile(r'(?=Error from server|The \S+ "\S+" is invalid)')


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


def objections(kubectl: Kubectl, bodies: Iterable[Body]) -> dict[str, str]:
    """Why the server forbids objects, by their names; nothing of those that it would make."""
    proposed = list(bodies)
    try:
        create(kubectl, proposed, "--dry-run=server")
    except KubectlError as error:
        said = [each for each in ERROR.split(str(error)) if each]
    else:
        said = []
    names = [each["metadata"]["name"] for each in proposed]
    forbidden = {name: each for name in names for each in said if f' "{name}" is forbidden: ' in each}
    assert len(forbidden) == len(said), f"the server objects to something else: {said}"
    return forbidden


def refusal(kubectl: Kubectl, body: Body) -> str:
    """Why the server forbids an object; the test fails where it would make it."""
    found = objections(kubectl, [body])
    assert found, f"the server takes the {body['kind']} {body['metadata']['name']}"
    return found[body["metadata"]["name"]]


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
