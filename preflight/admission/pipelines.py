"""A compiled pipeline as the pods of its run: tasks, conditions, loops and nested pipelines.

What a run is given is known only then; a parameter counts as its default, and a loop over what nobody knows
yet as one iteration.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from katib.experiment import value_at
from preflight.admission.amounts import Amounts, largest
from preflight.admission.graph import Graph, Work
from preflight.admission.kfp import Argo, is_open, resolved, resources_of, resources_written
from preflight.admission.made import Claim, Cost, Made, Run
from preflight.render.resources import Body, Resource

EXECUTORS = "deploymentSpec.executors"
CREATES_CLAIM = "argostub/createpvc"
Values = dict[str, Any]


def run(resource: Resource, documents: list[Any], argo: Argo, namespace: str) -> Run:
    """What a run of a compiled pipeline makes in a namespace."""
    reader = _Reader(resource, documents[0], argo, namespace)
    root = documents[0].get("root") or {}
    graph = reader.graph(root, _defaults(root))
    driver = replace(argo.driver("the run", resource), namespace=namespace)

    def peak(cost: Cost) -> Amounts:
        return largest(cost(driver), graph.peak(cost))

    claims = [*reader.claims, *_workspace(resource, documents, namespace)]
    pods = (driver, *graph.every())
    total, unknown = 1 + graph.total(), tuple(reader.unknown)
    return Run(str(resource), namespace, pods, peak, total, tuple(claims), unknown)


class _Reader:
    def __init__(self, resource: Resource, spec: Body, argo: Argo, namespace: str) -> None:
        self.resource, self.argo, self.namespace = resource, argo, namespace
        self.components = spec.get("components") or {}
        self.executors = value_at(spec, EXECUTORS) or {}
        self.claims: list[Claim] = []
        self.unknown: list[str] = []

    def graph(self, component: Body, values: Values, *, exclusive: bool = False) -> Graph:
        """The tasks of a component, whose inputs have these values."""
        tasks = value_at(component, "dag.tasks") or {}
        works = {name: self._work(name, task, values) for name, task in tasks.items()}
        after = {name: _waits_for(task) for name, task in tasks.items()}
        return Graph(works, after, exclusive)

    def _work(self, name: str, task: Body, outer: Values) -> Work:
        component = self.components.get(value_at(task, "componentRef.name")) or {}
        values = {**_defaults(component), **dict(_inputs(task, outer))}
        driver = self._placed(self.argo.driver(name, self.resource))
        if "dag" in component:
            inner = self.graph(component, values, exclusive=name.startswith("condition-branches"))
            return self._repeated(name, task, outer, driver, inner)
        label = str(component.get("executorLabel"))
        executor = self.executors.get(label) or {}
        if value_at(executor, "container.image") == CREATES_CLAIM:
            self.claims.append(self._claim(label, values))
            return Work((driver,))
        if "container" not in executor:  # an importer's one pod asks for what a driver does
            return Work((driver,))
        step = self._step(name, label, executor, values)
        return self._repeated(name, task, outer, driver, Graph({name: Work((driver, step))}))

    def _step(self, name: str, label: str, executor: Body, values: Values) -> Made:
        field = f"{EXECUTORS}.{label}.container"
        if any(map(is_open, resources_written(executor, values))):
            self.unknown.append(name)
        return self._placed(self.argo.step(name, self.resource, field, resources_of(executor, values)))

    def _repeated(self, name: str, task: Body, outer: Values, driver: Made, inner: Graph) -> Work:
        """A loop has a driver of its own; what is no loop is there once."""
        items = _items(task, outer)
        if items is None:
            alone = (
                next(iter(inner.works.values())) if len(inner.works) == 1 and name in inner.works else None
            )
            return alone or Work((driver,), inner)
        limit = int(value_at(task, "iteratorPolicy.parallelismLimit") or 0)
        return Work((driver,), inner, min(items, limit) if limit else items)

    def _claim(self, label: str, values: Values) -> Claim:
        requests = {"storage": values.get("size")}
        spec = {"resources": {"requests": requests}, "storageClassName": values.get("storage_class_name")}
        return Claim(self.resource, self.namespace, f"{EXECUTORS}.{label}", spec)

    def _placed(self, made: Made) -> Made:
        return replace(made, namespace=self.namespace)


def _workspace(resource: Resource, documents: list[Any], namespace: str) -> Iterator[Claim]:
    """The volume that a pipeline may keep for its run."""
    for document in documents:
        field = "platforms.kubernetes.pipelineConfig.workspace"
        told = value_at(document, field)
        if told:
            patch = value_at(told, "kubernetes.pvcSpecPatch") or {}
            spec = {"resources": {"requests": {"storage": told.get("size")}}, **patch}
            yield Claim(resource, namespace, field, spec)


def _defaults(component: Body) -> Values:
    told = value_at(component, "inputDefinitions.parameters") or {}
    return {name: each["defaultValue"] for name, each in told.items() if "defaultValue" in each}


def _inputs(task: Body, outer: Values) -> Iterator[tuple[str, Any]]:
    """The values that a task is given, as far as they are known."""
    for name, told in (value_at(task, "inputs.parameters") or {}).items():
        source = told.get("componentInputParameter")
        constant = value_at(told, "runtimeValue.constant")
        if source in outer:
            yield name, outer[source]
        elif constant is not None:
            text = resolved(constant, outer) if isinstance(constant, str) else constant
            if not is_open(str(text)):
                yield name, text


def _waits_for(task: Body) -> set[str]:
    told = task.get("inputs") or {}
    every = [*(told.get("parameters") or {}).values(), *(told.get("artifacts") or {}).values()]
    keys = ("taskOutputParameter", "taskOutputArtifact")
    producers = {str(value_at(each, f"{key}.producerTask")) for each in every for key in keys if key in each}
    return producers | set(map(str, task.get("dependentTasks") or []))


def _items(task: Body, values: Values) -> int | None:
    """How many iterations a task has at most; None where it is no loop."""
    for key in ("parameterIterator", "artifactIterator"):
        told = task.get(key)
        if told is not None:
            raw = value_at(told, "items.raw")
            known = values.get(str(value_at(told, "items.inputParameter")))
            items = json.loads(raw) if raw else known
            return len(items) if isinstance(items, list) else 1
    return None
