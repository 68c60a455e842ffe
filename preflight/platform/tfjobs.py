"""A TFJob as its rules read it: by itself, or as what each trial of an Experiment makes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from katib.experiment import value_at
from preflight.render.cluster import Render
from preflight.render.resources import Body, Place, Resource
from preflight.schemas.check import sound

TRIAL = "spec.trialTemplate.trialSpec"
CONTAINER = "tensorflow"
"""The container that Training Operator 1.9.4 gives TF_CONFIG."""


@dataclass(frozen=True)
class Replicas:
    """One kind of replica of a job, with its field path."""

    field: str
    kind: str
    body: Body

    @property
    def count(self) -> int:
        """How many pods; one where nothing is said."""
        told = self.body.get("replicas")
        return 1 if told is None else int(told)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the pod's template."""
        return dict(value_at(self.body, "template.metadata.labels") or {})

    @property
    def containers(self) -> list[Any]:
        """The pod's containers."""
        return list(value_at(self.body, "template.spec.containers") or [])


@dataclass(frozen=True)
class TFJob:
    """A TFJob of a render; `path` is where it stands in its object, empty where it is the object."""

    resource: Resource
    path: str
    body: Body

    @property
    def place(self) -> Place:
        """Where people find the object."""
        return self.resource.place

    def field(self, name: str) -> str:
        """The path of one of its fields in the object."""
        return f"{self.path}.{name}".removeprefix(".")

    @property
    def run_policy(self) -> Body:
        """Its runPolicy."""
        return value_at(self.body, "spec.runPolicy") or {}

    @property
    def replicas(self) -> list[Replicas]:
        """Its kinds of replicas, named as the operator names them whatever their case."""
        told = value_at(self.body, "spec.tfReplicaSpecs") or {}
        return [
            Replicas(self.field(f"spec.tfReplicaSpecs.{kind}"), kind, body or {})
            for kind, body in told.items()
        ]

    @property
    def several(self) -> bool:
        """Whether it is of more than one pod."""
        return sum(each.count for each in self.replicas) > 1


def tfjobs(render: Render) -> Iterator[TFJob]:
    """Every TFJob of a render, and of every Experiment the one that its trials make."""
    for resource in sound(render, "TFJob", "Experiment"):
        path = TRIAL if resource.kind == "Experiment" else ""
        body = value_at(resource.body, path) if path else resource.body
        if resource.group == "kubeflow.org" and isinstance(body, dict) and body.get("kind") == "TFJob":
            yield TFJob(resource, path, body)
