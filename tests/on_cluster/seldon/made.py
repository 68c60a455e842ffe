"""What the operator computes of a SeldonDeployment, object by object, without asking the cluster anything.

Source: `createComponents` and what it calls in
https://github.com/SeldonIO/seldon-core/tree/v1.17.1/operator;
compared with what the operator itself made (`recorded.yaml`). As far as it goes here: predictors without an
orchestrator, whose graph is one model.
"""

from dataclasses import dataclass, field

from tests.on_cluster.kubectl import Body
from tests.on_cluster.seldon.deployment import deployment_of
from tests.on_cluster.seldon.names import MANAGED, PORTS, metadata_of, predictors, service_name
from tests.on_cluster.seldon.routes import destination_rule, virtual_service


@dataclass
class Made:
    """All objects of one SeldonDeployment, by kind; services in the order in which they are made."""

    deployments: list[Body] = field(default_factory=list)
    services: list[Body] = field(default_factory=list)
    scalers: list[Body] = field(default_factory=list)
    routes: list[Body] = field(default_factory=list)


def made_of(body: Body) -> Made:
    """What the operator computes, without asking the cluster anything; raises ValueError for other graphs."""
    made = Made()
    for predictor in predictors(body):
        if (predictor.get("annotations") or {}).get("seldon.io/no-engine") != "true":
            raise ValueError("a predictor with an orchestrator is not played")
        for index, component in enumerate(predictor["componentSpecs"]):
            _component(body, predictor, component, index, made)
    made.routes = [virtual_service(body), *(destination_rule(body, each) for each in predictors(body))]
    return made


def _component(body: Body, predictor: Body, component: Body, index: int, made: Made) -> None:
    unit = predictor["graph"]["name"]
    names = "-".join(each["name"] for each in component["spec"]["containers"])
    name = f"{service_name(body, predictor)}-{index}-{names}"
    container_service = {f"seldon-app-svc-{unit}": f"{service_name(body, predictor)}-{unit}"}
    made.deployments.append(deployment_of(body, predictor, component, name, container_service))
    if "hpaSpec" in component:
        made.scalers.append(_scaler(body, component["hpaSpec"], name))
    app = {"seldon-app": service_name(body, predictor)}
    own = {"seldon-deployment-id": body["metadata"]["name"], **app, **MANAGED}
    for selector in (container_service, app):
        (service,) = selector.values()
        made.services.append(_service(body, predictor, service, selector, own | selector))


def _scaler(body: Body, given: Body, name: str) -> Body:
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "maxReplicas": given["maxReplicas"],
        "metrics": given.get("metricsv2"),
        "minReplicas": given.get("minReplicas"),
    }
    metadata = metadata_of(body, name) | {"labels": {"seldon-deployment-id": body["metadata"]["name"]}}
    written = {key: value for key, value in spec.items() if value is not None}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata,
        "spec": written,
    }


def _service(
    body: Body, predictor: Body, name: str, selector: dict[str, str], labels: dict[str, str]
) -> Body:
    spec = {
        "selector": selector,
        "sessionAffinity": "None",
        "type": "ClusterIP",
        "ports": [
            {"name": key, "port": PORTS[key], "targetPort": PORTS[key], "protocol": "TCP"}
            for key in ("http", "grpc")
        ],
    }
    metadata = metadata_of(body, name) | {
        "labels": labels,
        "annotations": dict(predictor.get("annotations") or {}),
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
