"""The status that the operator writes: no `observedGeneration`, and conditions that depend on one another.

Source: `seldon_deployment_status.go` in
https://github.com/SeldonIO/seldon-core/tree/v1.17.1/operator/apis/machinelearning.seldon.io/v1
"""

import copy
import time

from tests.on_cluster.kubectl import Body

# What `Ready` sums up.
PARTS = (
    "AmbassadorMappingsReady",
    "DeploymentsReady",
    "HpasReady",
    "KedaReady",
    "PdbsReady",
    "ServicesReady",
    "istioVirtualServicesReady",
)


class Status:
    """A status in the making; `body` is it as the API server takes it."""

    def __init__(self, before: Body | None) -> None:
        self.body: Body = copy.deepcopy(before or {})
        self._conditions = {each["type"]: each for each in self.body.pop("conditions", [])}

    def condition(self, kind: str, status: str, reason: str, message: str = "") -> None:
        """Set a condition of the parts, and `Ready` with it."""
        self._set(kind, status, reason, message)
        states = {part: self._conditions.get(part, {}).get("status", "Unknown") for part in PARTS}
        if set(states.values()) == {"True"}:
            self._set("Ready", "True", "", "")
        elif status != "True":
            self._set("Ready", status, reason, message)

    def written(self, state: str, description: str = "") -> Body:
        """All of it, with its state."""
        made = {**self.body, "state": state, "description": description}
        made["conditions"] = [self._conditions[kind] for kind in sorted(self._conditions)]
        return {key: value for key, value in made.items() if value != ""}

    def _set(self, kind: str, status: str, reason: str, message: str) -> None:
        made = {"type": kind, "status": status, "reason": reason, "message": message}
        made = {key: value for key, value in made.items() if value}
        before = self._conditions.get(kind, {})
        if {key: value for key, value in before.items() if key != "lastTransitionTime"} != made:
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._conditions[kind] = made | {"lastTransitionTime": now}


def same(before: Body | None, after: Body) -> bool:
    """Whether two differ in nothing but the times of conditions, for which the operator does not write."""
    return _timeless(before or {}) == _timeless(after)


def _timeless(status: Body) -> Body:
    made = copy.deepcopy(status)
    for each in made.get("conditions", []):
        each.pop("lastTransitionTime", None)
    return made
