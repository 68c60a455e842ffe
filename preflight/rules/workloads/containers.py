"""What a container of ours says of its needs and of its health."""

from katib.experiment import value_at
from preflight.findings import Faults
from preflight.registry import rule
from preflight.render.cluster import our_containers
from preflight.render.pods import BATCH, Container


@rule(
    "unset-resource-requirements",
    "without requests the scheduler guesses; without limits one pod starves its node",
    of=our_containers,
)
def unset_resource_requirements(container: Container) -> Faults:
    """Requests and limits of CPU and memory."""
    for path in ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory"):
        if value_at(container.body, f"resources.{path}") is None:
            field = f"{container.field}.resources.{path}"
            message = f"container {container.name} has none; give it a value as measured"
            yield field, message


@rule(
    "no-liveness-or-readiness-probe",
    "without probes requests go to pods that cannot answer yet, and hung ones stay",
    of=our_containers,
)
def no_liveness_or_readiness_probe(container: Container) -> Faults:
    """Readiness and liveness of what runs for ever."""
    sidecar = container.body.get("restartPolicy") == "Always"
    ends = container.pod.resource.kind in BATCH or (container.init and not sidecar)
    for probe in () if ends else ("readinessProbe", "livenessProbe"):
        if not container.body.get(probe):
            message = f"container {container.name} has none; ask what only a sound one answers"
            field = f"{container.field}.{probe}"
            yield field, message
