"""Argo CD's applications as the server has them: their state in a line, and waiting for a state."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.waiting import require, until

NAMESPACE = "argocd"
PATIENCE = 10  # seconds


@dataclass(frozen=True)
class State:
    """What Argo CD says of one application; `at` is when it was last compared with Git."""

    name: str
    owner: str
    sync: str
    health: str
    revision: str
    at: str
    phase: str
    message: str
    resources: tuple[Mapping[str, Any], ...]

    @property
    def is_good(self) -> bool:
        """Synced and Healthy, or at rest as a model without a release is: what the next wave asks for."""
        return self.sync == "Synced" and self.health in {"Healthy", "Suspended"}

    def __str__(self) -> str:
        """One line with all that is wrong."""
        wrong = [_resource(each) for each in self.resources if not _is_good(each)]
        detail = "; ".join([self.message, *wrong[:5]]).strip("; ")
        words = (self.sync, self.health, self.phase or "no sync")
        return f"{self.name}: {', '.join(words)} at {self.revision[:8]}: {detail}"


def _is_good(resource: Mapping[str, Any]) -> bool:
    healthy = (resource.get("health") or {}).get("status", "Healthy") == "Healthy"
    return bool(healthy and resource.get("status", "Synced") == "Synced")


def _resource(resource: Mapping[str, Any]) -> str:
    health = resource.get("health") or {}
    name = f"{resource.get('kind')} {resource.get('namespace', '')}/{resource.get('name')}"
    return (
        f"{name} {resource.get('status', '')} {health.get('status', '')} {health.get('message', '')}".strip()
    )


def state(application: Body) -> State:
    """The state in an Application object."""
    status = application.get("status") or {}
    operation = status.get("operationState") or {}
    messages = [condition["message"] for condition in status.get("conditions") or []]
    if operation.get("phase") not in (None, "Succeeded"):
        messages.append(operation.get("message", ""))
        results = (operation.get("syncResult") or {}).get("resources") or []
        messages += [
            f"{each['kind']} {each['name']}: {each['message']}"
            for each in results
            if each.get("status") == "SyncFailed"
        ]
    owners = application["metadata"].get("ownerReferences") or [{}]
    sync = status.get("sync") or {}
    return State(
        name=application["metadata"]["name"],
        owner=owners[0].get("name", ""),
        sync=sync.get("status", "Unknown"),
        health=(status.get("health") or {}).get("status", "Unknown"),
        revision=sync.get("revision") or (sync.get("revisions") or [""])[-1],
        at=status.get("reconciledAt", ""),
        phase=operation.get("phase", ""),
        message="; ".join(dict.fromkeys(messages)),
        resources=tuple(status.get("resources") or []),
    )


def states(kubectl: Kubectl) -> dict[str, State]:
    """Every application by name."""
    return {made.name: made for made in map(state, kubectl.list("applications.argoproj.io", NAMESPACE))}


def wait_for(
    kubectl: Kubectl, name: str, holds: Callable[[State], object], what: str, seconds: float = 60
) -> State:
    """The state of an application once it is as wanted.

    Argo CD is asked to look again now and then: what a server-side diff finds wrong is forgotten at the next
    comparison that nobody asked for (https://github.com/argoproj/argo-cd/issues/28722).
    """
    asked = time.monotonic()

    def look() -> State:
        nonlocal asked
        if time.monotonic() - asked > PATIENCE:
            tell(kubectl, name)
            asked = time.monotonic()
        found = kubectl.find("applications.argoproj.io", name, NAMESPACE)
        require(found, f"there is no application {name}")
        now = state(found or {})
        require(holds(now), str(now))
        return now

    return until(seconds, f"{name} {what}", look)


def wait_until_at_rest(kubectl: Kubectl, seconds: float = 180) -> None:
    """Every application was compared once more, and no sync is under way: the next push waits for nothing.

    Argo CD renders them all again when a kind is added, since a chart may ask which kinds there are.
    """
    before = states(kubectl)

    def look() -> None:
        there = states(kubectl)
        same = [name for name, each in there.items() if name in before and each.at == before[name].at]
        running = [each for each in there.values() if each.phase == "Running"]
        # A hook runs for minutes, after all is applied; nothing waits for it.
        syncing = [each.name for each in running if "waiting for completion of hook" not in each.message]
        require(not same, f"not compared since: {', '.join(same)}")
        require(not syncing, f"still syncing: {', '.join(syncing)}")

    until(seconds, "the platform at rest", look, every=3)


def tell(kubectl: Kubectl, *names: str) -> None:
    """Have Argo CD look at applications now, as a Git server's webhook does; else it does a little later."""
    for name in names:
        if kubectl.find("applications.argoproj.io", name, NAMESPACE):
            annotations = {"argocd.argoproj.io/refresh": "normal"}
            kubectl.patch(
                "applications.argoproj.io", name, NAMESPACE, {"metadata": {"annotations": annotations}}
            )


def end_sync(kubectl: Kubectl, name: str) -> None:
    """End what is tried again and again, as `argocd app terminate-op` does: removal waits for it."""
    kubectl.patch(
        "applications.argoproj.io", name, NAMESPACE, {"status": {"operationState": {"phase": "Terminating"}}}
    )


def wait_until_good(kubectl: Kubectl, name: str, revision: str, seconds: float = 60) -> State:
    """The state of an application once it is Synced and Healthy at a revision that was just pushed.

    And its sync has ended: what is pushed meanwhile would wait for that.
    """
    tell(kubectl, name)
    return wait_for(
        kubectl,
        name,
        lambda now: now.is_good and now.revision == revision and now.phase != "Running",
        f"healthy at {revision[:8]}",
        seconds,
    )
