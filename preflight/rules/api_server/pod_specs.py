"""What the API server checks of a pod beyond its schema: containers, variables, probes, volumes, ports."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from katib.experiment import value_at
from preflight.findings import Faults
from preflight.registry import schema_rule
from preflight.render.cluster import Render
from preflight.render.pods import Container, PodTemplate, containers
from preflight.schemas import core
from preflight.schemas.check import sound_pods
from preflight.schemas.dns import LONGEST_PORT, PORT, named

FOR_EVER, TO_AN_END = ("Always",), ("Never", "OnFailure")
RESTART = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), FOR_EVER),
    **dict.fromkeys(("Job", "CronJob", "Experiment"), TO_AN_END),
}
HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
NAMED = (("configMap", "name"), ("secret", "secretName"))
HIGHEST_PORT = 65535
REPLICAS = "ReplicaSpecs."


def _written(render: Render) -> Iterator[PodTemplate]:
    """The pods that are there; that one is missing is for the schema to say, but in Kubernetes' own kinds."""
    for pod in sound_pods(render):
        template = value_at(pod.resource.body, pod.field.removesuffix("spec").rstrip("."))
        if pod.spec or (pod.resource.group in core.groups() and template is not None):
            yield pod


@schema_rule(
    "schema-pod",
    "the API server refuses a pod of no containers, or whose containers share a name",
    of=_written,
)
def container_names(pod: PodTemplate) -> Faults:
    """Containers are there and have names of their own; they restart as their kind needs."""
    if not pod.spec.get("containers") and pod.resource.kind != "SeldonDeployment":
        yield f"{pod.field}.containers", "there is no container; write at least one"
    for container in containers(pod):
        if not container.image and pod.resource.group in core.groups():
            yield f"{container.field}.image", f"container {container.name} has no image; write one"
    for index, toleration in enumerate(pod.spec.get("tolerations") or []):
        if not toleration.get("key") and toleration.get("operator") != "Exists":
            field = f"{pod.field}.tolerations[{index}].operator"
            yield field, "without a key it must be Exists, which tolerates everything; write the key"
    yield from _twice(containers(pod), "container", lambda container: container.name)
    # Of a training job it stands beside the template, and the operator puts it in.
    allowed = () if REPLICAS in pod.field else RESTART.get(pod.resource.kind, ())
    policy = pod.spec.get("restartPolicy") or "Always"
    if allowed and policy not in allowed:
        wanted = " or ".join(allowed)
        yield (
            f"{pod.field}.restartPolicy",
            f"pods of a {pod.resource.kind} need {wanted}, and this is {policy}",
        )


@schema_rule("schema-env", "a variable with two values, or with none, is refused", of=_written)
def variables(pod: PodTemplate) -> Faults:
    """Each variable has a usable name and one value."""
    for container in containers(pod):
        for index, variable in enumerate(container.body.get("env") or []):
            field = f"{container.field}.env[{index}]"
            name = str(variable.get("name", ""))
            if "=" in name or not name.isprintable():
                yield (
                    f"{field}.name",
                    f"{name} cannot be a variable's name; leave out = and what cannot be seen",
                )
            source = variable.get("valueFrom")
            if source is not None and variable.get("value"):
                yield field, f"{name} has a value and valueFrom; keep one"
            elif source is not None and len(_given(source)) != 1:
                yield f"{field}.valueFrom", f"{name} needs one source; there are {len(_given(source))}"
            yield from _references(source or {}, f"{field}.valueFrom")
        for index, source in enumerate(container.body.get("envFrom") or []):
            yield from _references(source, f"{container.field}.envFrom[{index}]")


def _references(source: Any, field: str) -> Faults:
    """Every ConfigMap and Secret that is referred to is named."""
    for key in ("configMapKeyRef", "configMapRef", "secretKeyRef", "secretRef"):
        if source.get(key) is not None and not source[key].get("name"):
            yield f"{field}.{key}.name", "it does not say which; write the name"


@schema_rule("schema-probe", "a probe that asks nothing, or in two ways, is refused", of=_written)
def probes(pod: PodTemplate) -> Faults:
    """Each probe asks in one way."""
    for container in containers(pod):
        for key in PROBES:
            probe = container.body.get(key)
            if probe:
                yield from _probe(container, probe, key)


def _probe(container: Container, probe: Any, key: str) -> Faults:
    field = f"{container.field}.{key}"
    handlers = [handler for handler in HANDLERS if probe.get(handler) is not None]
    if len(handlers) != 1:
        yield field, f"it needs one of {', '.join(HANDLERS)}; there are {len(handlers)}"
    if "exec" in handlers and not probe["exec"].get("command"):
        yield f"{field}.exec.command", "it is empty; write what to run"
    for handler in {"httpGet", "tcpSocket"} & {*handlers}:
        port = probe[handler].get("port")
        yield from named(f"{field}.{handler}.port", port, PORT, LONGEST_PORT) if isinstance(port, str) else ()
    if key != "readinessProbe" and probe.get("successThreshold") not in {None, 0, 1}:
        yield f"{field}.successThreshold", "only a readiness probe may need more than one success; write 1"


@schema_rule(
    "schema-volume", "a volume of two kinds, or of something without a name, is refused", of=_written
)
def volumes(pod: PodTemplate) -> Faults:
    """Each volume is of one kind, and says which."""
    for index, volume in enumerate(pod.spec.get("volumes") or []):
        sources = [source for source in _given(volume) if source != "name"]
        if len(sources) > 1:
            yield f"{pod.field}.volumes[{index}]", f"it is of two kinds, {' and '.join(sources)}; keep one"
        for source, key in NAMED:
            if source in sources and not volume[source].get(key):
                yield (
                    f"{pod.field}.volumes[{index}].{source}.{key}",
                    f"it does not say which; write the {key}",
                )


@schema_rule(
    "schema-port",
    "a port outside 1 to 65535, or one that two containers claim by name, is refused",
    of=_written,
)
def ports(pod: PodTemplate) -> Faults:
    """Ports are in range and their names differ."""
    for container in containers(pod):
        names: Counter[str] = Counter()
        for index, port in enumerate(container.body.get("ports") or []):
            field = f"{container.field}.ports[{index}]"
            for key in ("containerPort", "hostPort"):
                number = port.get(key, 1)
                if isinstance(number, int) and not 0 < number <= HIGHEST_PORT:
                    yield f"{field}.{key}", f"{number} is no port; they go from 1 to {HIGHEST_PORT}"
            names[str(port.get("name") or "")] += 1
            if port.get("name") and names[str(port["name"])] > 1:
                yield f"{field}.name", f"port {port['name']} stands here twice; rename one"


def _twice(each: Iterable[Container], what: str, name: Callable[[Container], str]) -> Faults:
    counted: Counter[str] = Counter()
    for container in each:
        counted[name(container)] += 1
        if counted[name(container)] > 1:
            yield f"{container.field}.name", f"{what} {name(container)} stands here twice; rename one"


def _given(body: Any) -> list[str]:
    return [key for key, value in body.items() if value is not None]
