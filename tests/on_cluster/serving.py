"""The released model on the cluster: its pods, and a steady load on its Service."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.pods import container, log, pod, running
from tests.on_cluster.waiting import require, until

NAMESPACE = "ml"
MODEL = "segmentation"  # its name, and that of the pipeline which makes it
APPLICATION = f"model-{MODEL}"
SERVICE = f"{MODEL}-default"
CANARY, SHADOW = f"{MODEL}-canary", f"{MODEL}-shadow"  # while there is one
PORT, GRPC_PORT = 9000, 9500
SELECTOR = f"seldon-deployment-id={MODEL}"
KINDS = 2  # of calls: REST and gRPC
# What the operator writes: it would show there.
WRITTEN = (
    "seldondeployments.machinelearning.seldon.io",
    "deployments.apps",
    "services",
    "horizontalpodautoscalers.autoscaling",
    "virtualservices.networking.istio.io",
    "destinationrules.networking.istio.io",
)
PROGRAM = Path(__file__).with_name("load.py")  # needs what the serving image has


def rolled_out(kubectl: Kubectl, digest: str, canary: str = "", *, beside: str = CANARY) -> list[Body]:
    """The model's pods; NotYetError unless all are ready, and none is of another model or about to end.

    canary, beside: the digest of the model beside it, empty where there is none; its Service
    """
    deployments = kubectl.list("deployments", NAMESPACE, SELECTOR)
    wanted = {f"{SERVICE}-0-model": digest} | ({f"{beside}-0-model": canary} if canary else {})
    names = sorted(each["metadata"]["name"] for each in deployments)
    require(names == sorted(wanted), f"its Deployments are {names}")
    for each in deployments:
        _require_settled(each, wanted[each["metadata"]["name"]])
    pods = kubectl.list("pods", NAMESPACE, SELECTOR)
    states = [_state(each) for each in pods]
    replicas = sum(each["spec"]["replicas"] for each in deployments)
    require(states == ["ready"] * replicas, f"its pods are {states}")
    return pods


def _require_settled(deployment: Body, digest: str) -> None:
    spec, status = deployment["spec"], deployment["status"]
    require(digest in json.dumps(spec), f"{deployment['metadata']['name']} does not name {digest[:12]}")
    generation = deployment["metadata"]["generation"]
    seen = (status.get("observedGeneration"), status.get("updatedReplicas"))
    require(seen == (generation, spec["replicas"]), "it has pods of a former version")


def _state(pod: Body) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "ending"
    statuses = pod["status"].get("containerStatuses")
    return "ready" if statuses and all(each["ready"] for each in statuses) else "starting"


def versions(kubectl: Kubectl) -> dict[str, str]:
    """Of each object of the model: its resourceVersion, which every write changes.

    Of an autoscaler its generation: Kubernetes itself writes what it measures into the status.
    """
    found = {}
    for kind in WRITTEN:
        counted = "generation" if kind.startswith("horizontal") else "resourceVersion"
        for each in kubectl.list(kind, NAMESPACE):
            if each["metadata"]["name"].startswith(MODEL):
                found[f"{kind}/{each['metadata']['name']}"] = str(each["metadata"].get(counted))
    return found


def at_rest(kubectl: Kubectl) -> dict[str, str]:
    """The versions; NotYetError where the model is not Available, or its Deployment not all seen yet."""
    (model,) = (each for each in kubectl.list(WRITTEN[0], NAMESPACE) if each["metadata"]["name"] == MODEL)
    state = (model.get("status") or {}).get("state")
    require(state == "Available", f"it is {state}")
    for each in kubectl.list("deployments", NAMESPACE, SELECTOR):
        seen = (each["status"].get("observedGeneration"), each["status"].get("unavailableReplicas", 0))
        require(seen == (each["metadata"]["generation"], 0), f"{each['metadata']['name']} is not settled")
    return versions(kubectl)


@dataclass(frozen=True)
class Answer:
    """What came of one call over `rest` or `grpc`: the digest of the model that answered, or an error."""

    protocol: str
    digest: str = ""
    seconds: float = 0
    error: str = ""


@dataclass(frozen=True)
class Load:
    """A pod that asks a model server steadily."""

    kubectl: Kubectl
    name: str

    def go_on(self, number: int) -> int:
        """Wait for so many more answers; how many there are then."""
        enough = len(self.answers) + number

        def look() -> int:
            now = len(self.answers)
            require(now >= enough, f"there are {now} of {enough}")
            return now

        return until(60, f"{number} more answers", look)

    @property
    def answers(self) -> list[Answer]:
        """All until now, in their order."""
        said = log(self.kubectl, self.name, NAMESPACE, "load")
        assert "Traceback" not in said, said[-2000:]
        return [Answer(**json.loads(line)) for line in said.splitlines()]


@contextmanager
def steady_load(
    kubectl: Kubectl, image: str, *, connections: int, per_second: float, service: str = SERVICE
) -> Iterator[Load]:
    """A load over REST and gRPC alike, from inside the cluster, where a Service's own address counts.

    connections, per_second: of each of the two
    """
    host = f"{service}.{NAMESPACE}"
    text = PROGRAM.read_text()
    command = ["python3", "-c", text, f"http://{host}:{PORT}", f"{host}:{GRPC_PORT}"]
    command += [str(connections), str(per_second)]
    with running(kubectl, pod("load", NAMESPACE, container("load", image, command))) as name:
        load = Load(kubectl, name)
        until(60, "the first answers", lambda: require(load.answers, "there are none"))
        yield load
