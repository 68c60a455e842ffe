"""Plays the operators that are only simulated on a cluster: Seldon's, and that of notebooks.

A cluster without a container runtime for upstream's images may pretend that their pods run. What such an
operator would do is done here: all that Seldon 1.17.1 does for a model without an orchestrator
(`tests.on_cluster.seldon`); a Notebook is called ready. Where an operator's own pod really runs, nothing is
done for it.
"""

import threading
from typing import Any

from tests.on_cluster.kubectl import Body, Kubectl, KubectlError
from tests.on_cluster.seldon.operator import KIND, Turn

SELDON = ("seldon-system", "control-plane=seldon-controller-manager")
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
                (KIND, SELDON, self._seldon),
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
        Turn(self.kubectl, body).take()

    def _notebook(self, body: Body) -> None:
        if not (body.get("status") or {}).get("readyReplicas"):
            status = {"readyReplicas": 1, "conditions": [], "containerState": {}}
            self._write_status("notebooks.kubeflow.org", body, status)

    def _write_status(self, kind: str, body: Body, status: dict[str, Any]) -> None:
        metadata = body["metadata"]
        self.kubectl.patch(
            kind, metadata["name"], metadata["namespace"], {"status": status}, subresource="status"
        )
