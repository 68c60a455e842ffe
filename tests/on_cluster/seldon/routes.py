"""The routes that the operator computes where Istio is on.

Source: `createIstioResources` in
https://github.com/SeldonIO/seldon-core/tree/v1.17.1/operator
"""

from tests.on_cluster.kubectl import Body
from tests.on_cluster.seldon.names import GATEWAY, PORTS, labels_of, metadata_of, predictors, service_name

GRPC = ".*tensorflow.*|.*seldon.protos.*|.*inference.*"


def virtual_service(body: Body) -> Body:
    """A route with weights over the predictors; the operator asks for v1alpha3, which is stored the same."""
    name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
    headers = {"seldon": {"exact": name}, "namespace": {"exact": namespace}}
    matches: list[Body] = [
        {"match": [{"uri": {"prefix": f"/seldon/{namespace}/{name}/"}}], "rewrite": {"uri": "/"}},
        {"match": [{"uri": {"regex": GRPC}, "headers": headers}]},
    ]
    for match, port in zip(matches, ("http", "grpc"), strict=True):
        match["route"] = [
            _destination(body, each, port) for each in predictors(body) if not each.get("shadow")
        ]
        for shadow in (each for each in predictors(body) if each.get("shadow")):
            match["mirror"] = _destination(body, shadow, port)["destination"]
            if shadow.get("traffic"):
                match["mirrorPercentage"] = {"value": shadow["traffic"]}
    spec = {"hosts": ["*"], "gateways": [GATEWAY], "http": matches}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata_of(body, name),
        "spec": spec,
    }


def _destination(body: Body, predictor: Body, port: str) -> Body:
    host = f"{service_name(body, predictor)}.{body['metadata']['namespace']}.svc.cluster.local"
    destination = {"host": host, "subset": predictor["name"], "port": {"number": PORTS[port]}}
    weight = {"weight": predictor["traffic"]} if predictor.get("traffic") else {}
    return {"destination": destination, **weight}


def destination_rule(body: Body, predictor: Body) -> Body:
    """The subset of a predictor's Service that the route names."""
    name = service_name(body, predictor)
    version = labels_of(predictor)["version"]
    spec = {
        "host": f"{name}.{body['metadata']['namespace']}.svc.cluster.local",
        "subsets": [{"name": predictor["name"], "labels": {"version": version}}],
        "trafficPolicy": {"connectionPool": {"http": {"idleTimeout": "60s"}}},
    }
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": metadata_of(body, name),
        "spec": spec,
    }
