"""A sweep's pods, as Katib 0.19 makes them: its suggestion service, and trials with their collector.

pkg/apis/config/v1beta1/defaults.go, pkg/controller.v1beta1/suggestion/composer, pkg/webhook/v1beta1/pod.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml

from katib.experiment import value_at
from preflight.admission.amounts import Amounts, added, times
from preflight.admission.made import Cost, Made, Run, container
from preflight.admission.mesh import INJECT
from preflight.render.cluster import Render
from preflight.render.pods import PodTemplate
from preflight.render.resources import Body, Resource

INJECTION = "katib.kubeflow.org/metrics-collector-injection"
# What its own containers ask for where the configuration says nothing.
REQUESTS = {"cpu": "50m", "memory": "10Mi", "ephemeral-storage": "500Mi"}
LIMITS = {"cpu": "500m", "memory": "100Mi", "ephemeral-storage": "5Gi"}
PARALLEL = 3  # where an Experiment says nothing
TEMPLATE = "spec.trialTemplate.trialSpec"


def sweep(render: Render, resource: Resource) -> Run:
    """All pods of an Experiment."""
    suggestion = _suggestion(render, resource)
    parallel = int(resource.spec.get("parallelTrialCount") or PARALLEL)
    trials = tuple(_trial(render, resource))
    most = int(resource.spec.get("maxTrialCount") or parallel)

    def peak(cost: Cost) -> Amounts:
        one = added(*(times(each.most, cost(each)) for each in trials))
        return added(cost(suggestion), times(parallel, one))

    total = 1 + most * sum(each.most for each in trials)
    return Run(str(resource), resource.namespace, (suggestion, *trials), peak, total)


def _suggestion(render: Render, resource: Resource) -> Made:
    algorithm = value_at(resource.spec, "algorithm.algorithmName")
    told = _setting(render, "suggestions", "algorithmName", algorithm)
    made = [container("suggestion", _filled(told))]
    early = value_at(resource.spec, "earlyStopping.algorithmName")
    if early:
        made.append(
            container("earlystopping", _filled(_setting(render, "earlyStoppings", "algorithmName", early)))
        )
    pod = PodTemplate(resource, "spec.algorithm", {INJECT: "false"}, {})
    return Made(pod, resource.namespace, "the suggestion service", beside=tuple(made))


def _trial(render: Render, resource: Resource) -> Iterator[Made]:
    """The pods of one trial: of a Job, or of each kind of replica of a training job."""
    spec = value_at(resource.spec, "trialTemplate.trialSpec.spec") or {}
    collector = tuple(_collector(render, resource))
    primary = value_at(resource.spec, "trialTemplate.primaryPodLabels") or {}
    if "template" in spec:
        made = _pod(resource, f"{TEMPLATE}.spec.template", spec["template"], "the trials")
        yield replace(made, most=int(spec.get("parallelism") or 1), beside=collector)
    for made in replicas_of(resource, TEMPLATE, spec):
        told = {name: value for name, value in primary.items() if name in made.pod.labels}
        if not primary or told.items() <= made.pod.labels.items():
            yield made.with_added(beside=collector)
        else:
            yield made


def replicas_of(resource: Resource, path: str, spec: Body) -> Iterator[Made]:
    """The pods of a training job, by kind of replica; `path` is where the job stands in the object."""
    for key in (key for key in spec if key.endswith("ReplicaSpecs")):
        for kind, told in (spec[key] or {}).items():
            field = f"{path}.spec.{key}.{kind}.template".removeprefix(".")
            made = _pod(resource, field, told.get("template") or {}, f"{kind.lower()}s")
            labels = {**made.pod.labels, "training.kubeflow.org/replica-type": kind.lower()}
            number = int(1 if told.get("replicas") is None else told["replicas"])
            yield replace(made, pod=replace(made.pod, labels=labels), most=number)


def _pod(resource: Resource, field: str, template: Body, what: str) -> Made:
    labels = dict(value_at(template, "metadata.labels") or {})
    pod = PodTemplate(resource, f"{field}.spec", labels, template.get("spec") or {})
    return Made(pod, resource.namespace, what, value_at(template, "metadata.annotations") or {})


def _collector(render: Render, resource: Resource) -> Iterator[Body]:
    labels = {each.name: each.labels for each in render.of("Namespace")}.get(resource.namespace, {})
    kind = value_at(resource.spec, "metricsCollectorSpec.collector.kind") or "StdOut"
    if labels.get(INJECTION) != "enabled" or kind in {"None", "Push"}:
        return
    if kind == "Custom":
        yield value_at(resource.spec, "metricsCollectorSpec.collector.customCollector") or container(
            "custom", {}
        )
    else:
        yield container(
            "metrics-logger-and-collector", _filled(_setting(render, "metricsCollectors", "kind", kind))
        )


def _setting(render: Render, group: str, key: str, value: Any) -> Body:
    """What katib-config says of one collector, algorithm or early stopping."""
    for each in render.of("ConfigMap"):
        if each.name == "katib-config":
            told = yaml.safe_load(str((each.body.get("data") or {}).get("katib-config.yaml") or "")) or {}
            for setting in value_at(told, f"runtime.{group}") or []:
                if setting.get(key) == value:
                    return dict(setting)
    return {}


def _filled(setting: Body) -> Body:
    """With Katib's own defaults; what is negative is left out, as it leaves it out."""
    told = setting.get("resources") or setting.get("resource") or {}
    defaults = {"requests": REQUESTS, "limits": LIMITS}
    filled = {part: {**amount, **(told.get(part) or {})} for part, amount in defaults.items()}
    return {
        part: {name: value for name, value in amount.items() if not str(value).startswith("-")}
        for part, amount in filled.items()
    }
