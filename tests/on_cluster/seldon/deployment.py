"""The Deployment that the operator computes of a component.

Source: `createDeploymentWithoutEngine`, `createContainerService` and `setContainerPredictiveUnitDefaults` in
https://github.com/SeldonIO/seldon-core/tree/v1.17.1/operator
"""

import copy
import json

from tests.on_cluster.kubectl import Body
from tests.on_cluster.seldon.names import MANAGED, PORTS, USER, labels_of, metadata_of, service_name

PODINFO = "seldon-podinfo"
PRE_STOP = {"preStop": {"exec": {"command": ["/bin/sh", "-c", "/bin/sleep 10"]}}}


def deployment_of(body: Body, predictor: Body, component: Body, name: str, service: dict[str, str]) -> Body:
    """The Deployment of a component; `service` is the label that the Service of its container selects."""
    identity = {"seldon-deployment-id": body["metadata"]["name"]}
    selector = {**identity, **service, "seldon-app": service_name(body, predictor)}
    labels = {**selector, "app": name, "fluentd": "true", **labels_of(predictor), **MANAGED}
    annotations = {**(body["spec"].get("annotations") or {}), **(predictor.get("annotations") or {})}
    scraped = {"prometheus.io/path": "/prometheus", "prometheus.io/scrape": "true", **annotations}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}
    spec: Body = {
        "selector": {"matchLabels": selector},
        "strategy": strategy,
        "template": {
            "metadata": {"labels": labels, "annotations": scraped},
            "spec": _pod_spec(body, predictor, component),
        },
    }
    replicas = [level.get("replicas") for level in (component, predictor, body["spec"])]
    stated = [each for each in replicas if each is not None]
    if stated and "hpaSpec" not in component:
        spec["replicas"] = stated[0]
    metadata = metadata_of(body, name) | {"labels": labels, "annotations": annotations}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def _pod_spec(body: Body, predictor: Body, component: Body) -> Body:
    spec: Body = {
        "terminationGracePeriodSeconds": 20,
        "securityContext": {"runAsUser": USER},
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        **copy.deepcopy(component["spec"]),
    }
    for container in spec["containers"]:
        if container["name"] == predictor["graph"]["name"]:
            _complete(container, body, predictor)
    items = [{"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations", "apiVersion": "v1"}}]
    podinfo = {"name": PODINFO, "downwardAPI": {"items": items, "defaultMode": 420}}
    return spec | {"volumes": [*spec.get("volumes", []), podinfo]}


def _complete(container: Body, body: Body, predictor: Body) -> None:
    """What the operator adds to the container that runs the model."""
    ports = container.setdefault("ports", [])
    for name in ("metrics", "http", "grpc"):
        if not any(each.get("name") == name for each in ports):
            ports.append({"name": name, "containerPort": PORTS[name], "protocol": "TCP"})
    numbers = {each.get("name"): str(each["containerPort"]) for each in ports}
    probe = {"tcpSocket": {"port": int(numbers["http"])}, "periodSeconds": 5, "timeoutSeconds": 1}
    probe |= {"successThreshold": 1, "failureThreshold": 3}
    defaults = {
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "lifecycle": PRE_STOP,
        "livenessProbe": probe | {"initialDelaySeconds": 60},
        "readinessProbe": probe | {"initialDelaySeconds": 20},
    }
    for key, value in defaults.items():
        container.setdefault(key, value)
    mount = {"name": PODINFO, "mountPath": "/etc/podinfo"}
    container["volumeMounts"] = [*container.get("volumeMounts", []), mount]
    added = _environment(container, body, predictor, numbers)
    container["env"] = [*container.get("env", []), *({"name": k, "value": v} for k, v in added.items())]


def _environment(container: Body, body: Body, predictor: Body, ports: dict[str, str]) -> dict[str, str]:
    parameters = [
        {key: each[key] for key in ("name", "value", "type")}
        for each in predictor["graph"].get("parameters", [])
    ]
    given = {"PREDICTIVE_UNIT_PARAMETERS": _json(parameters)} if parameters else {}
    return {
        "PREDICTIVE_UNIT_SERVICE_PORT": ports["http"],
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": ports["http"],
        "MLSERVER_HTTP_PORT": ports["http"],
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": ports["grpc"],
        "MLSERVER_GRPC_PORT": ports["grpc"],
        **given,
        "PREDICTIVE_UNIT_ID": container["name"],
        "MLSERVER_MODEL_NAME": container["name"],
        "PREDICTIVE_UNIT_IMAGE": container["image"],
        "PREDICTOR_ID": predictor["name"],
        "PREDICTOR_LABELS": _json(labels_of(predictor)),
        "SELDON_DEPLOYMENT_ID": body["metadata"]["name"],
        "SELDON_EXECUTOR_ENABLED": "true",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": ports["metrics"],
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus",
        "MLSERVER_METRICS_PORT": ports["metrics"],
        "MLSERVER_METRICS_ENDPOINT": "/prometheus",
    }


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
