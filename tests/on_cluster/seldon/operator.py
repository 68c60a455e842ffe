"""One turn of the operator's loop: `Reconcile`, in the order in which it asks and writes.

Source: https://github.com/SeldonIO/seldon-core/blob/v1.17.1/operator/controllers/seldondeployment_controller.go
"""

import json
from typing import Any

from tests.on_cluster.kubectl import Body, Kubectl, KubectlError
from tests.on_cluster.seldon.made import Made, made_of
from tests.on_cluster.seldon.names import PORTS, address
from tests.on_cluster.seldon.patch import annotated, is_to_be_written, written_over
from tests.on_cluster.seldon.status import Status, same

KIND = "seldondeployments.machinelearning.seldon.io"
FAILED = "Deployment is no longer progressing and not available."


class Turn:
    """What is done for one SeldonDeployment as it is now."""

    def __init__(self, kubectl: Kubectl, body: Body) -> None:
        self.kubectl = kubectl
        self.body = body
        self.made: Made = made_of(body)
        self.status = Status(body.get("status"))
        self.progressing = True

    def take(self) -> None:
        """Write what differs from what is computed, then the status; an error ends the turn, as there."""
        try:
            state, description = self._objects()
        except KubectlError as error:
            self._write(self.status.written("Failed", str(error)))
            raise
        self._write(self.status.written(state, description))

    def _objects(self) -> tuple[str, str]:
        ready = self._services(last=False)
        ready &= self._scalers()
        self.status.condition("KedaReady", "True", "No KEDA resources defined")
        self.status.condition("PdbsReady", "True", "No PDBs defined")
        deployed = self._deployments()
        if deployed:
            self._services(last=True)
            self._routes()
            self._clean()
            self.status.condition("AmbassadorMappingsReady", "True", "No Ambassador Mappaings defined")
        if deployed and ready:
            return "Available", ""
        return ("Creating", "") if deployed or self.progressing else ("Failed", FAILED)

    def _services(self, *, last: bool) -> bool:
        ready = True
        for service in self.made.services:
            found = self._find(service)
            if found is None:
                ready = False
                self._create(service)
            elif not _has(found, service):
                self._replace(_merged(found, service))
            else:
                self.status.body["address"] = {"url": address(self.body)}
                self.status.body.setdefault("serviceStatus", {})[service["metadata"]["name"]] = _endpoints(
                    service
                )
        if ready and last:
            self.status.condition("ServicesReady", "True", "All services created")
        else:
            self.status.condition("ServicesReady", "False", "Not all services created")
        return ready

    def _scalers(self) -> bool:
        """Make the autoscalers; remove one that has a Deployment's name and is not asked for."""
        ready = True
        for scaler in self.made.scalers:
            found = self._find(scaler)
            if found is None or found["spec"] != scaler["spec"]:
                ready = False
                self._create(scaler) if found is None else self._replace({**found, "spec": scaler["spec"]})
        wanted = {each["metadata"]["name"] for each in self.made.scalers}
        for name in {each["metadata"]["name"] for each in self.made.deployments} - wanted:
            self.kubectl.delete("horizontalpodautoscaler", name, self.body["metadata"]["namespace"])
        reason = "All HPAs resources ready" if wanted else "No HPAs defined"
        self.status.condition("HpasReady", *(("True", reason) if ready else ("False", "HPAs not ready")))
        return ready

    def _deployments(self) -> bool:
        scaled = {each["metadata"]["name"] for each in self.made.scalers}
        ready, condition = True, None
        for number, wanted in enumerate(self.made.deployments):
            name, found = wanted["metadata"]["name"], self._find(wanted)
            if found is None:
                ready = False
                self._create(annotated(wanted))
                continue
            before = found["spec"]["template"]["spec"]
            if is_to_be_written(found, wanted, scaled=name in scaled):
                found = self._replace(written_over(found, wanted))
            if found["spec"]["template"]["spec"] != before:
                ready = False
            else:
                condition = _condition(found, "Available")
                ready = self._look(found, ready, first=number == 0) and ready
        if ready and condition:
            self._available(condition)
        return ready

    def _look(self, found: Body, ready: bool, *, first: bool) -> bool:
        """Take the counts of a Deployment that is as it should be; whether all of its pods are there.

        Not whether its controller has seen it: right after a change the counts are those of the former pods.
        """
        status = found.get("status") or {}
        counts = {key: status[key] for key in ("availableReplicas", "replicas") if status.get(key)}
        if counts:
            self.status.body.setdefault("deploymentStatus", {})[found["metadata"]["name"]] = counts
        if first and status.get("replicas"):
            self.status.body["replicas"] = status["replicas"]
        complete = bool(status.get("readyReplicas")) and not status.get("unavailableReplicas")
        if not complete and ready:
            available, progressing = _condition(found, "Available"), _condition(found, "Progressing")
            self._available(available)
            self.progressing = {available.get("status"), progressing.get("status")} != {"False"}
        return complete

    def _available(self, condition: Body) -> None:
        told = [condition.get(key, "") for key in ("status", "reason", "message")]
        self.status.condition("DeploymentsReady", told[0] or "Unknown", told[1], told[2])

    def _routes(self) -> None:
        ready = True
        for route in self.made.routes:
            found = self._find(route)
            if found is None or found["spec"] != route["spec"]:
                ready = False
                self._create(route) if found is None else self._replace({**found, "spec": route["spec"]})
        said = (
            ("True", "All VirtualServices created") if ready else ("False", "Not all VirtualServices created")
        )
        self.status.condition("istioVirtualServicesReady", *said)

    def _clean(self) -> None:
        """Remove what a former predictor has left: after the routes its Deployments, then its Services."""
        namespace = self.body["metadata"]["namespace"]
        deployed = self.status.body.get("deploymentStatus", {})
        left = sorted(set(deployed) - {each["metadata"]["name"] for each in self.made.deployments})
        for name in left:
            if self.kubectl.find("deployments.apps", name, namespace) is None:
                del deployed[name]
            else:
                self.kubectl.delete("deployment", name, namespace)
                self.kubectl.delete("horizontalpodautoscaler", name, namespace)
        served = self.status.body.get("serviceStatus", {})
        wanted = {each["metadata"]["name"] for each in self.made.services}
        for name in [] if left else sorted(set(served) - wanted):
            self.kubectl.delete("service", name, namespace)
            del served[name]

    def _write(self, status: Body) -> None:
        if not same(self.body.get("status"), status):
            self._replace({**self.body, "status": status}, "--subresource=status")

    def _find(self, wanted: Body) -> Body | None:
        group, _, _ = wanted["apiVersion"].rpartition("/")
        kind = wanted["kind"] + (f".{group}" if group else "")
        return self.kubectl.find(kind, wanted["metadata"]["name"], wanted["metadata"]["namespace"])

    def _create(self, wanted: Body) -> None:
        self.kubectl.run("create", "--filename=-", text=json.dumps(wanted))

    def _replace(self, wanted: Body, *extra: str) -> Body:
        text = self.kubectl.run("replace", "--filename=-", "--output=json", *extra, text=json.dumps(wanted))
        made: Body = json.loads(text)
        return made


def _has(found: Body, wanted: Body) -> bool:
    """`compareServices`: what the operator looks at of a Service."""
    metadata, spec = found["metadata"], found["spec"]
    alike = all((metadata.get(key) or {}) == wanted["metadata"][key] for key in ("annotations", "labels"))
    return alike and all(spec.get(key) == value for key, value in wanted["spec"].items())


def _merged(found: Body, wanted: Body) -> Body:
    metadata = {**found["metadata"], **{key: wanted["metadata"][key] for key in ("annotations", "labels")}}
    return {**found, "metadata": metadata, "spec": {**found["spec"], **wanted["spec"]}}


def _endpoints(service: Body) -> dict[str, Any]:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    endpoints = {f"{key}Endpoint": f"{name}.{namespace}:{PORTS[key]}" for key in ("http", "grpc")}
    return {"svcName": name, **endpoints}


def _condition(deployment: Body, kind: str) -> Body:
    conditions = (deployment.get("status") or {}).get("conditions") or []
    found: Body = next((each for each in conditions if each["type"] == kind), {})
    return found
