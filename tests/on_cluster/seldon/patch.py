"""When the operator writes a Deployment again: where a three-way patch towards what it computes is not empty.

It keeps what it wrote last in an annotation. A field that it wrote and does not compute any more is to be
taken away; what it never wrote, such as what the API server fills in, is left alone. What it writes last has
the replicas that it found: where it computes none it finds them to be taken away again, for ever.

Source: `createDeployments` in
https://github.com/SeldonIO/seldon-core/blob/v1.17.1/operator/controllers/seldondeployment_controller.go,
https://github.com/banzaicloud/k8s-objectmatcher/blob/v1.8.0/patch/patch.go
"""

import base64
import copy
import json
from typing import Any

from tests.on_cluster.kubectl import Body

LAST_APPLIED = "seldon.io/last-applied"
# How entries of a list are told apart; lists that are not here are compared whole.
KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
}


def annotated(deployment: Body) -> Body:
    """The same with a copy of it in its annotation."""
    made = copy.deepcopy(deployment)
    annotations = made["metadata"].setdefault("annotations", {})
    annotations.pop(LAST_APPLIED, None)
    annotations[LAST_APPLIED] = base64.b64encode(json.dumps(made).encode()).decode()
    return made


def is_to_be_written(found: Body, wanted: Body, *, scaled: bool) -> bool:
    """Whether the operator writes the Deployment that it found; for replicas only where nothing scales it."""
    text = (found["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    written = json.loads(base64.b64decode(text)) if text else {}
    specs = [copy.deepcopy(each.get("spec") or {}) for each in (written, wanted, found)]
    if scaled:
        for spec in specs[1:]:
            spec.pop("replicas", None)
    return _differs(*specs)


def written_over(found: Body, wanted: Body) -> Body:
    """What the operator puts in the place of the Deployment that it found: revision and all of others' go."""
    made = copy.deepcopy(found)
    made.pop("status", None)
    made["spec"] = copy.deepcopy(wanted["spec"])
    made["spec"].setdefault("replicas", found["spec"]["replicas"])
    made["metadata"]["annotations"] = dict(wanted["metadata"]["annotations"])
    made["metadata"]["labels"] = dict(wanted["metadata"]["labels"])
    return annotated(made)


def _differs(original: Any, modified: Any, current: Any, key: str = "") -> bool:
    if key in KEYS and isinstance(current, list):
        original, modified, current = (_by_key(each, KEYS[key]) for each in (original, modified, current))
    if not (isinstance(modified, dict) and isinstance(current, dict)):
        return bool(modified != current)
    before: Body = original if isinstance(original, dict) else {}
    if any(name in current for name in before.keys() - modified.keys()):
        return True
    return any(
        name not in current or _differs(before.get(name), value, current[name], name)
        for name, value in modified.items()
    )


def _by_key(entries: Any, key: str) -> Body:
    return {str(each[key]): each for each in entries or []}
