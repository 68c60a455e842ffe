"""Every pod and every claim of a cluster, whoever makes them: what stands, and what comes and goes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from katib.experiment import value_at
from preflight.admission.amounts import Amounts, added, times
from preflight.admission.katib import replicas_of, sweep
from preflight.admission.kfp import argo, compiled
from preflight.admission.made import Claim, Cost, Made, Run
from preflight.admission.mesh import Mesh, mesh
from preflight.admission.pipelines import run
from preflight.admission.seldon import seldon_pods, surged
from preflight.platform import access
from preflight.render.cluster import Render
from preflight.render.pods import TEMPLATES, TRAINING, pod_templates
from preflight.render.resources import Resource

COMPILED = "pipelines/compiled"
STANDING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Notebook")
# A CronJob's pod may be there at any time, beside what it starts.
NOW_AND_THEN = ("CronJob",)


@lru_cache(maxsize=2)  # asked by several rules
def standing(render: Render) -> list[Made]:
    """The pods that may be there at any time."""
    sidecars = mesh(render)
    every = [
        made
        for kind in (*STANDING, *NOW_AND_THEN)
        for each in render.of(kind)
        for made in _pods(render, each)
    ]
    every += [made for each in render.of("SeldonDeployment") for made in seldon_pods(render, each)]
    return [sidecars.joined(made) for made in every]


@lru_cache(maxsize=2)
def runs(render: Render) -> list[Run]:
    """What comes and goes: jobs, sweeps, and the runs of the compiled pipelines."""
    sidecars = mesh(render)
    every = [_job(each) for each in render.of("Job")]
    every += [_training(each) for each in render.of(*sorted(TRAINING))]
    every += [sweep(render, each) for each in render.of("Experiment")]
    return [*(_joined(each, sidecars) for each in every), *_pipelines(render)]


def claims(render: Render) -> Iterator[Claim]:
    """Every claim that stands: written, or made for the pods of a StatefulSet."""
    for resource in render.of("PersistentVolumeClaim"):
        field = "spec.resources.requests.storage"
        yield Claim(resource, resource.namespace, field, resource.spec)
    for resource in render.of("StatefulSet"):
        for index, each in enumerate(resource.spec.get("volumeClaimTemplates") or []):
            field = f"spec.volumeClaimTemplates[{index}].spec.resources.requests.storage"
            yield Claim(resource, resource.namespace, field, each.get("spec") or {}, _replicas(resource))


def _pods(render: Render, resource: Resource) -> Iterator[Made]:
    template = value_at(resource.body, TEMPLATES[resource.kind]) or {}
    annotations = value_at(template, "metadata.annotations") or {}
    for pod in pod_templates(resource):
        labels = {**pod.labels, **(resource.labels if resource.kind == "Notebook" else {})}
        most = _most(render, resource)
        yield Made(replace(pod, labels=labels), resource.namespace, annotations=annotations, most=most)


def _most(render: Render, resource: Resource) -> int:
    """Its replicas, or the most that an autoscaler makes of them, and those that come while it rolls."""
    scaled = [
        int(each.spec.get("maxReplicas") or 1)
        for each in render.of("HorizontalPodAutoscaler")
        if each.namespace == resource.namespace
        and value_at(each.spec, "scaleTargetRef.kind") == resource.kind
        and value_at(each.spec, "scaleTargetRef.name") == resource.name
    ]
    most = max([_replicas(resource), *scaled])
    return surged(most, resource.spec.get("strategy") or {}) if resource.kind == "Deployment" else most


def _replicas(resource: Resource) -> int:
    if resource.kind == "CronJob":
        return int(value_at(resource.spec, "jobTemplate.spec.parallelism") or 1)
    told = resource.spec.get("replicas") if resource.kind in TEMPLATES else None
    return 1 if told is None else int(told)


def _job(resource: Resource) -> Run:
    (pod,) = pod_templates(resource)
    template = value_at(resource.body, TEMPLATES["Job"]) or {}
    made = Made(pod, resource.namespace, annotations=value_at(template, "metadata.annotations") or {})
    most = int(1 if resource.spec.get("parallelism") is None else resource.spec["parallelism"])

    def peak(cost: Cost) -> Amounts:
        return times(most, cost(made))

    return Run(str(resource), resource.namespace, (made,), peak, most)


def _training(resource: Resource) -> Run:
    """A training job of Kubeflow's: so many of each kind of replica, all at once."""
    made = [
        replace(each, what=each.what.removeprefix("trials "))
        for each in replicas_of(resource, "", resource.spec)
    ]

    def peak(cost: Cost) -> Amounts:
        return added(*(times(each.most, cost(each)) for each in made))

    return Run(str(resource), resource.namespace, tuple(made), peak, sum(each.most for each in made))


def _joined(each: Run, sidecars: Mesh) -> Run:
    """A run whose pods have their sidecars."""

    def peak(cost: Cost) -> Amounts:
        return each.peak(lambda made: cost(sidecars.joined(made)))

    return replace(each, pods=tuple(map(sidecars.joined, each.pods)), peak=peak)


def _pipelines(render: Render) -> Iterator[Run]:
    """A run of each compiled pipeline, in the namespace of the people who start them."""
    record = access.recorded(render.tree)
    if record:
        settings = argo(render)
        for file in sorted((render.tree / COMPILED).glob("*.yaml")):
            resource, documents = compiled(file, render.tree)
            if documents and isinstance(documents[0], dict):
                yield run(resource, documents, settings, record.account.namespace)
