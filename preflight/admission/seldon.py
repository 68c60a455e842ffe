"""The pods of a SeldonDeployment, as the operator of Seldon Core 1.17.1 makes them.

Of operator/controllers: the controller, its engine's part and model_initializer_injector.go.
"""

import json
from collections.abc import Iterator
from typing import Any

from katib.experiment import value_at
from preflight.admission.made import Made, container
from preflight.render.cluster import Render
from preflight.render.pods import PodTemplate, containers, pod_templates
from preflight.render.resources import Body, Resource

NO_ENGINE = "seldon.io/no-engine"
# Of the orchestrator, where the operator's variables say nothing else.
ENGINE = {"CPU_REQUEST": "500m", "CPU_LIMIT": "500m", "MEMORY_REQUEST": "512Mi", "MEMORY_LIMIT": "512Mi"}
INITIALIZER = "model-initializer"


def seldon_pods(render: Render, resource: Resource) -> Iterator[Made]:
    """A pod for each component; the orchestrator stands in the first one."""
    templates = {pod.field: pod for pod in pod_templates(resource)}
    for at, predictor in enumerate(resource.spec.get("predictors") or []):
        for index, component in enumerate(predictor.get("componentSpecs") or []):
            pod = templates[f"spec.predictors[{at}].componentSpecs[{index}].spec"]
            if pod.spec.get("containers"):
                told = {**(resource.spec.get("annotations") or {}), **(predictor.get("annotations") or {})}
                most = _most(render, resource, predictor, component, pod)
                made = Made(pod, resource.namespace, annotations=told, most=most)
                engine = (_engine(render, predictor),) if not index and _has_engine(predictor) else ()
                yield made.with_added(before=tuple(_initializers(render, predictor, pod)), beside=engine)


def _has_engine(predictor: Body) -> bool:
    return str((predictor.get("annotations") or {}).get(NO_ENGINE)).lower() != "true"


def _most(render: Render, resource: Resource, predictor: Body, component: Body, pod: PodTemplate) -> int:
    """Its replicas, or the most that an autoscaler may make of them."""
    most = value_at(component, "hpaSpec.maxReplicas") or value_at(component, "kedaSpec.maxReplicaCount")
    told = (component.get("replicas"), predictor.get("replicas"), resource.spec.get("replicas"), 1)
    replicas = most or next(each for each in told if each is not None)
    scaled = [
        int(each.spec.get("maxReplicas") or 1)
        for each in render.of("HorizontalPodAutoscaler")
        if each.namespace == resource.namespace
        and value_at(each.spec, "scaleTargetRef.name") == pod.labels.get("app")
    ]
    return surged(max([int(replicas), *scaled]), {})


def surged(replicas: int, strategy: Body) -> int:
    """How many there are while a Deployment rolls: a quarter more, unless it says otherwise."""
    if strategy.get("type") == "Recreate":
        return replicas
    told = value_at(strategy, "rollingUpdate.maxSurge")
    told = "25%" if told is None else told
    if isinstance(told, str) and told.endswith("%"):
        return replicas + -(-replicas * int(told[:-1]) // 100)
    return replicas + int(told)


def _engine(render: Render, predictor: Body) -> Body:
    told = value_at(predictor, "svcOrchSpec.resources")
    if not told:
        variables = ENGINE | {
            name: str(each.get("value"))
            for each in _variables(render)
            for name in ENGINE
            if each.get("name") == f"EXECUTOR_DEFAULT_{name}" and each.get("value")
        }
        told = {
            part: {"cpu": variables[f"CPU_{name}"], "memory": variables[f"MEMORY_{name}"]}
            for part, name in (("requests", "REQUEST"), ("limits", "LIMIT"))
        }
    return container("seldon-container-engine", told)


def _variables(render: Render) -> Iterator[Body]:
    for resource in render.of("Deployment"):
        if resource.name == "seldon-controller-manager":
            for pod in pod_templates(resource):
                for each in containers(pod):
                    yield from each.body.get("env") or []


def _initializers(render: Render, predictor: Body, pod: PodTemplate) -> Iterator[Body]:
    names = {str(each.get("name")) for each in pod.spec.get("containers") or []}
    for unit in _units(predictor.get("graph") or {}):
        if unit.get("modelUri") and unit.get("name") in names:
            told = _initializer(render)
            resources = {
                part: {"cpu": told.get(f"cpu{name}"), "memory": told.get(f"memory{name}")}
                for part, name in (("requests", "Request"), ("limits", "Limit"))
            }
            yield container(f"{unit['name']}-{INITIALIZER}", resources)


def _initializer(render: Render) -> dict[str, Any]:
    for each in render.of("ConfigMap"):
        if each.name == "seldon-config":
            told: dict[str, Any] = json.loads(str(value_at(each.body, "data.storageInitializer") or "{}"))
            return told
    return {}


def _units(unit: Body) -> Iterator[Body]:
    yield unit
    for child in unit.get("children") or []:
        yield from _units(child)
