"""Names, ports and owners of the operator's objects, with the settings of cluster-conf/seldon."""

from typing import Any

from tests.on_cluster.kubectl import Body

GATEWAY = "kubeflow/kubeflow-gateway"  # ISTIO_GATEWAY
USER = 1000  # DEFAULT_USER_ID
PORTS = {"http": 9000, "grpc": 9500, "metrics": 6000}
MANAGED = {"app.kubernetes.io/managed-by": "seldon-core", "seldon.io/model": "true"}


def predictors(body: Body) -> list[Body]:
    """The predictors of a SeldonDeployment."""
    found: list[Body] = body["spec"]["predictors"]
    return found


def service_name(body: Body, predictor: Body) -> str:
    """Of the Service where the calls for a predictor go."""
    return f"{body['metadata']['name']}-{predictor['name']}"


def labels_of(predictor: Body) -> dict[str, str]:
    """A predictor's labels, with the version that it has by default."""
    return {"version": predictor["name"], **(predictor.get("labels") or {})}


def address(body: Body) -> str:
    """Where the first predictor is asked, as the status says it."""
    host = f"{service_name(body, predictors(body)[0])}.{body['metadata']['namespace']}"
    return f"http://{host}.svc.cluster.local:{PORTS['http']}/api/v1.0/predictions"


def metadata_of(body: Body, name: str) -> dict[str, Any]:
    """Name, namespace and owner of an object that the operator makes."""
    metadata = body["metadata"]
    owner = {"apiVersion": body["apiVersion"], "kind": body["kind"], "name": metadata["name"]}
    owner |= {"uid": metadata["uid"], "controller": True, "blockOwnerDeletion": True}
    return {"name": name, "namespace": metadata["namespace"], "ownerReferences": [owner]}
