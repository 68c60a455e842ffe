"""What operators make on a cluster out of custom resources, so that it stands in no render.

Names and ports as the pinned versions make them: Seldon Core 1.17.1, Kubeflow's notebook and TensorBoard
controllers 1.11, cert-manager 1.20, sealed-secrets 0.36, external-secrets 2.9.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from katib.experiment import value_at
from preflight.render.cluster import Render
from preflight.render.pods import Container, containers, pod_templates
from preflight.render.resources import Resource

# Labels of pods that controllers start while the cluster runs: of a trial, a workflow's step, a worker.
RUN_TIME_LABELS = {
    "acme.cert-manager.io/http01-solver",
    "katib.kubeflow.org/experiment",
    "katib.kubeflow.org/suggestion",
    "katib.kubeflow.org/trial",
    "pipeline/runid",
    "pipelines.kubeflow.org/v2_component",
    "training.kubeflow.org/job-name",
    "workflows.argoproj.io/workflow",
}
# Kinds that become a Service of their own name at port 80.
ONE_SERVICE = ("Notebook", "Tensorboard")
# Seldon's ports: of a model, and of the orchestrator that stands in front of a graph.
MODEL = {9000: "http", 9500: "grpc"}
ORCHESTRATOR = {8000: "http", 5001: "grpc"}
Name = tuple[str, str]  # namespace, name


@dataclass(frozen=True)
class ServicePorts:
    """A Service's ports by number, with their names, and its labels."""

    names: Mapping[int, str]
    labels: Mapping[str, str]


def services(render: Render) -> dict[Name, ServicePorts]:
    """Every Service by namespace and name, those that operators make included."""
    made = {(each.namespace, each.name): _written(each) for each in render.of("Service")}
    for each in render.of(*ONE_SERVICE):
        made[each.namespace, each.name] = ServicePorts({80: f"http-{each.name}"}, {})
    for each in render.of("SeldonDeployment"):
        made |= {(each.namespace, name): ports for name, ports in _seldon_services(each)}
    return made


def deployments(render: Render) -> set[Name]:
    """The Deployments that operators make, by namespace and name."""
    return {
        (pod.resource.namespace, pod.labels["app"])
        for each in render.of("SeldonDeployment")
        for pod in pod_templates(each)
    }


def secrets(render: Render) -> Iterator[tuple[str, str, set[str]]]:
    """The Secrets that come of other objects: namespace, name, keys where they are known."""
    for each in render.of("SealedSecret"):
        name = value_at(each.spec, "template.metadata.name") or each.name
        yield each.namespace, str(name), set(each.spec.get("encryptedData") or {})
    for each in render.of("ExternalSecret"):
        keys = {str(data.get("secretKey")) for data in each.spec.get("data") or []}
        unknown = each.spec.get("dataFrom") or value_at(each.spec, "target.template")
        name = value_at(each.spec, "target.name") or each.name
        yield each.namespace, str(name), set() if unknown else keys
    for each in render.of("Certificate"):
        yield each.namespace, str(each.spec.get("secretName")), {"tls.crt", "tls.key", "ca.crt"}


def _written(service: Resource) -> ServicePorts:
    ports = service.spec.get("ports") or []
    names = {int(port.get("port") or 0): str(port.get("name") or "") for port in ports}
    return ServicePorts(names, service.labels)


def _seldon_services(resource: Resource) -> Iterator[tuple[str, ServicePorts]]:
    """One for each container of the graph, and one for each predictor, where requests go."""
    first: dict[str, Mapping[int, str]] = {}
    for pod in pod_templates(resource):
        for container in containers(pod):
            ports = _model_ports(container)
            first.setdefault(pod.labels["seldon-app"], ports)
            key = f"seldon-app-svc-{container.name}"
            labels = {each: pod.labels[each] for each in ("seldon-app", "seldon-deployment-id", key)}
            yield pod.labels[key], ServicePorts(ports, labels)
    for predictor in resource.spec.get("predictors") or []:
        name = f"{resource.name}-{predictor.get('name')}"
        alone = (predictor.get("annotations") or {}).get("seldon.io/no-engine") == "true"
        ports = first.get(name, MODEL) if alone else ORCHESTRATOR
        yield name, ServicePorts(ports, {"seldon-app": name, "seldon-deployment-id": resource.name})


def _model_ports(container: Container) -> Mapping[int, str]:
    """The numbers of the container's ports of those names, the operator's own where it has none."""
    ports = {port.get("name"): port.get("containerPort") for port in container.body.get("ports") or []}
    return {int(ports.get(name) or number): name for number, name in MODEL.items()}


# What stands here is for the whole mesh.
ISTIO_ROOT = "istio-system"
