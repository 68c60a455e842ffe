"""A search on a cluster: the Experiment created through the Kubernetes API, and followed to its end."""

import copy
import hashlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

from katib.counting import Ending
from katib.experiment import Experiment, value_at
from katib.observation import Metric, objective_value
from pylib.errors import PipelineError, SweepError
from pylib.kubernetes_api import EXPERIMENTS, Body, KubernetesApi, RefusedError
from pylib.provenance.digests import canonical
from pylib.sweeps.found import Found, Watch
from pylib.sweeps.reading import Sweep

SHA256, IDENTITY = "pylib/experiment-sha256", "pylib/search"
PASSING = {410, 429, 500, 502, 503, 504}
"""Answers after which one looks again: among them that a watch began at a version that is gone."""
WATCHED = 300
"""Seconds for which one watch is asked; then comes the next."""
CONFLICT = 409
_COUNTS = ("Running", "Succeeded", "Failed", "EarlyStopped")


class There:
    """A namespace of the cluster that a pod, or a kubeconfig, knows.

    gpus: how many a trial gets
    hours: after which nobody waits any longer; pause: seconds between two tries to reach the API
    """

    def __init__(self, namespace: str, *, gpus: str = "0", hours: float = 24, pause: float = 5) -> None:
        self.api, self.namespace = KubernetesApi(), namespace
        self.collection = EXPERIMENTS.format(namespace)
        self.gpus, self.hours, self.pause = gpus, hours, pause

    def search(self, sweep: Sweep, watch: Watch) -> Found:
        """Create it, or go on with the same one that is there, and wait for its end."""
        name = sweep.experiment.name
        made = self._made(sweep, watch)
        said = ""
        for body in self._states(name, made):
            if (line := progress(body)) != said:
                said = line
                watch.lines(line)
            if ending := ending_of(body):
                return found(sweep, ending, body)
        raise SweepError(
            f"{self._place(name)}: not finished in {self.hours:.3g} hours ({said}); it goes on, and the same "
            "command follows it again"
        )

    def delete(self, name: str) -> None:
        """Remove the Experiment with its trials."""
        self.api.delete(self.collection, name)

    def _place(self, name: str) -> str:
        return f"Experiment {self.namespace}/{name}"

    def _made(self, sweep: Sweep, watch: Watch) -> Body:
        body, name = created(sweep, self.namespace, self.gpus), sweep.experiment.name
        try:
            made = self.api.create(self.collection, body)
            watch.lines(f"{self._place(name)} was created")
        except RefusedError as error:
            if error.status != CONFLICT:
                raise
            made = self.api.get(self.collection, name) or {}
            if _annotation(made, IDENTITY) != _annotation(body, IDENTITY):
                raise SweepError(
                    f"{self._place(name)}: another one of that name is there; "
                    f"kubectl delete experiment -n {self.namespace} {name}, or rename this one"
                ) from error
            watch.lines(f"{self._place(name)} is there already")
        return made

    def _states(self, name: str, made: Body) -> Iterator[Body]:
        """The Experiment, each time that it has changed, until nobody waits any longer."""
        until, answered = time.monotonic() + self.hours * 3600, time.monotonic()
        body: Body | None = made
        while body is not None and time.monotonic() < until:
            yield body
            try:
                left = max(1, min(WATCHED, int(until - time.monotonic())))
                yield from self._changes(name, body["metadata"]["resourceVersion"], left)
                body = self.api.get(self.collection, name)
                answered = time.monotonic()
            except PipelineError as error:
                passing = not isinstance(error, RefusedError) or error.status in PASSING
                if not passing or time.monotonic() - answered > max(600.0, 120 * self.pause):
                    raise
                time.sleep(self.pause)
        if body is None:
            raise SweepError(f"{self._place(name)} was removed before it ended")

    def _changes(self, name: str, version: str, seconds: int) -> Iterator[Body]:
        for event in self.api.watch(self.collection, name, version, seconds):
            if event.get("type") in {"ADDED", "MODIFIED"}:
                yield event["object"]
            elif event.get("type") in {"DELETED", "ERROR"}:
                return  # the next look says which


def created(sweep: Sweep, namespace: str, gpus: str) -> Body:
    """The Experiment as it is created: in its namespace, with what it was made of."""
    body: Any = copy.deepcopy(dict(sized(sweep.experiment, gpus).body))
    metadata = {**body["metadata"], "namespace": namespace}
    told = {SHA256: sweep.sha256, IDENTITY: f"{sweep.identity[:32]}-{_digest(sweep.experiment)}"}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **told}
    return {**body, "metadata": metadata}


def sized(experiment: Experiment, gpus: str) -> Experiment:
    """The Experiment whose trials get GPUs, and the nodes that have them; "0" changes nothing."""
    if gpus in {"", "0"}:
        return experiment
    body: Any = copy.deepcopy(dict(experiment.body))
    made = Experiment(body)
    for _, container in made.containers:
        limits = container.setdefault("resources", {}).setdefault("limits", {})  # type: ignore[attr-defined]
        limits["nvidia.com/gpu"] = gpus
    for pod in _pods(body["spec"]["trialTemplate"]["trialSpec"]):
        tolerations = pod.setdefault("tolerations", [])
        tolerations.append({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"})
    return made


def progress(body: Mapping[str, Any]) -> str:
    """How it stands, in a line."""
    status = body.get("status") or {}
    counts = [f"{status[f'trials{each}']} {each.lower()}" for each in _COUNTS if status.get(f"trials{each}")]
    if status.get("trialMetricsUnavailable"):
        counts.append(f"{status['trialMetricsUnavailable']} without metrics")
    state = next((each["type"] for each in reversed(conditions(body))), "Created")
    return ", ".join([state.lower(), *counts])


def conditions(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conditions that hold, the newest last."""
    listed = (body.get("status") or {}).get("conditions") or []
    return [each for each in listed if each.get("status") == "True"]


def ending_of(body: Mapping[str, Any]) -> Ending | None:
    """How it ended; None while it goes on. Raises SweepError where it failed."""
    for each in conditions(body):
        if each["type"] == "Failed":
            said = each.get("message") or each.get("reason")
            raise SweepError(f"Experiment {value_at(body, 'metadata.name')} failed: {said}")
        if each["type"] == "Succeeded":
            return Ending("Succeeded", str(each.get("reason") or ""))
    return None


def found(sweep: Sweep, ending: Ending, body: Mapping[str, Any]) -> Found:
    """The optimal trial, as the controller wrote it down; raises SweepError where there is none."""
    best = value_at(body, "status.currentOptimalTrial") or {}
    metrics = [
        Metric(each["name"], each["min"], each["max"], each["latest"])
        for each in value_at(best, "observation.metrics") or []
    ]
    if not best.get("bestTrialName"):
        raise SweepError(f"{sweep.experiment.name}: no trial reported its objective; look into their logs")
    assignments = {each["name"]: str(each["value"]) for each in best.get("parameterAssignments") or []}
    value = objective_value(sweep.experiment, metrics)
    trials = int(value_at(body, "status.trials") or 0)
    return Found(ending, trials, str(best["bestTrialName"]), assignments, value)


def _pods(body: Any) -> Iterator[Any]:
    """Every pod's spec of a trial's object."""
    if isinstance(body, dict):
        if isinstance(body.get("containers"), list):
            yield body
        for below in body.values():
            yield from _pods(below)


def _annotation(body: Mapping[str, Any], name: str) -> str:
    return str((value_at(body, "metadata.annotations") or {}).get(name) or "")


def _digest(experiment: Experiment) -> str:
    """A name for what trials learn from: their template, with its data and weights."""
    return hashlib.sha256(canonical(dict(experiment.template))).hexdigest()[:12]
