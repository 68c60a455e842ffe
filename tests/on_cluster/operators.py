"""Plays the operators that are only simulated on a cluster: Seldon's, and that of notebooks.

A cluster without a container runtime for upstream's images may pretend that their pods run. What such an
operator would do is done here, as far as these tests look: a SeldonDeployment becomes the Deployment and the
Service that Seldon 1.17.1 makes of it (createDeploymentWithoutEngine, createContainerService and
createPredictorService in
https://github.com/SeldonIO/seldon-core/blob/v1.17.1/operator/controllers/seldondeployment_controller.go),
and the states of both kinds are written. Where an operator's own pod really runs, nothing is done for it.
"""

import copy
import threading
from typing import Any

from pylib.serving.deployment import GRPC_PORT, HTTP_PORT, METRICS_PORT, SeldonDeployment
from tests.on_cluster.kubectl import Body, Kubectl, KubectlError

SELDON = ("seldon-system", "control-plane=seldon-controller-manager")
PODINFO = "seldon-podinfo"
NOTEBOOKS = ("kubeflow", "app=notebook-controller")


def runs_for_real(pod: Body) -> bool:
    """Whether a container runtime runs the pod: what only pretends to run has no image."""
    return any(each.get("imageID") for each in pod.get("status", {}).get("containerStatuses") or [])


class Operators(threading.Thread):
    """A thread that does the work of the operators that are simulated, until it is stopped."""

    def __init__(self, kubectl: Kubectl) -> None:
        super().__init__(daemon=True, name="operators")
        self.kubectl = kubectl
        self.ended = threading.Event()
        self.played: set[str] = set()
        self.trouble = ""

    def run(self) -> None:
        """Look once a second; a kind whose CRD is not there yet is looked at again later."""
        while not self.ended.wait(1):
            for kind, operator, play in (
                ("seldondeployments.machinelearning.seldon.io", SELDON, self._seldon),
                ("notebooks.kubeflow.org", NOTEBOOKS, self._notebook),
            ):
                try:
                    objects = self.kubectl.list(kind)
                    if objects and not self._is_real(*operator):
                        self.played.add(kind)
                        for each in objects:
                            play(each)
                except KubectlError as error:
                    self.trouble = f"{kind}: {error}"

    def stop(self) -> None:
        """End the thread."""
        self.ended.set()
        self.join()

    def _is_real(self, namespace: str, selector: str) -> bool:
        return any(runs_for_real(pod) for pod in self.kubectl.list("pods", namespace, selector))

    def _seldon(self, body: Body) -> None:
        deployment, service = deployment_of(body), service_of(body)
        name, namespace = deployment["metadata"]["name"], body["metadata"]["namespace"]
        there = self.kubectl.find("deployment", name, namespace)
        if there is None or _mark(there) != _mark(deployment):
            self.kubectl.apply(deployment, service)
            there = self.kubectl.get("deployment", name, namespace)
        state = "Available" if _is_rolled_out(there) else "Creating"
        status = {"state": state, "observedGeneration": body["metadata"]["generation"]}
        if not status.items() <= (body.get("status") or {}).items():
            self._write_status("seldondeployments.machinelearning.seldon.io", body, status)

    def _notebook(self, body: Body) -> None:
        if not (body.get("status") or {}).get("readyReplicas"):
            status = {"readyReplicas": 1, "conditions": [], "containerState": {}}
            self._write_status("notebooks.kubeflow.org", body, status)

    def _write_status(self, kind: str, body: Body, status: dict[str, Any]) -> None:
        metadata = body["metadata"]
        self.kubectl.patch(
            kind, metadata["name"], metadata["namespace"], {"status": status}, subresource="status"
        )


def deployment_of(body: Body) -> Body:
    """The Deployment that Seldon's operator makes of a SeldonDeployment of one model, without an engine."""
    read = SeldonDeployment.model_validate(
        {key: body[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    )
    name, namespace = _name(read), body["metadata"]["namespace"]
    identity = {"seldon-deployment-id": read.metadata.name, "seldon-app": _service_name(read)}
    predictor = body["spec"]["predictors"][0]
    labels = {**identity, "app": name, "fluentd": "true"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": {"generation": f"{body['metadata']['uid']}/{body['metadata']['generation']}"},
        },
        "spec": {
            "selector": {"matchLabels": identity},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
            "template": {
                "metadata": {"labels": labels, "annotations": _annotations(body["spec"], predictor)},
                "spec": _pod_spec(read, predictor),
            },
        },
    }


def _pod_spec(read: SeldonDeployment, predictor: Body) -> Body:
    spec: Body = copy.deepcopy(predictor["componentSpecs"][0]["spec"])
    container = next(each for each in spec["containers"] if each["name"] == read.predictor.graph.name)
    injected = read.environment(http=HTTP_PORT, grpc=GRPC_PORT, metrics=METRICS_PORT)
    kept = [entry for entry in container.get("env") or [] if "valueFrom" in entry]
    container["env"] = kept + [{"name": key, "value": value} for key, value in injected.items()]
    container.setdefault("lifecycle", {"preStop": {"exec": {"command": ["/bin/sh", "-c", "/bin/sleep 10"]}}})
    # Seldon's server reads its time limits there.
    mount = {"name": PODINFO, "mountPath": "/etc/podinfo"}
    container["volumeMounts"] = [*container.get("volumeMounts", []), mount]
    annotations = {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}
    podinfo = {"name": PODINFO, "downwardAPI": {"items": [annotations]}}
    return spec | {"volumes": [*spec.get("volumes", []), podinfo]}


def service_of(body: Body) -> Body:
    """The Service that Seldon's operator makes for the predictor."""
    read = SeldonDeployment.model_validate(
        {key: body[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    )
    ports = [
        {"name": "http", "port": HTTP_PORT, "targetPort": HTTP_PORT, "protocol": "TCP"},
        {"name": "grpc", "port": GRPC_PORT, "targetPort": GRPC_PORT, "protocol": "TCP"},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _service_name(read), "namespace": body["metadata"]["namespace"]},
        "spec": {"selector": {"seldon-app": _service_name(read)}, "ports": ports},
    }


def _annotations(*levels: Body) -> dict[str, str]:
    return {key: value for level in levels for key, value in (level.get("annotations") or {}).items()}


def _name(read: SeldonDeployment) -> str:
    return f"{read.metadata.name}-{read.predictor.name}-0-{read.predictor.graph.name}"


def _service_name(read: SeldonDeployment) -> str:
    return f"{read.metadata.name}-{read.predictor.name}"


def _mark(deployment: Body) -> str:
    return str((deployment["metadata"].get("annotations") or {}).get("generation", ""))


def _is_rolled_out(deployment: Body) -> bool:
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == {wanted}
