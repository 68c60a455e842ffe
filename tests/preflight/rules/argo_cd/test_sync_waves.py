"""The order in which Argo CD comes to two objects, charts within applications included."""

from dataclasses import replace
from pathlib import Path

import pytest

from preflight.render.applications import Application
from preflight.render.cluster import Render
from preflight.render.resources import Origin, Resource
from preflight.render.sources import Source
from preflight.rules.argo_cd.sync_waves import comes_before
from tests.preflight.conftest import said

CHART = Source("https://github.com/upstream/chart", "chart", "v1")
# An application called as the set that makes it: the set is no parent of its objects.
PARENT = Application("operator", 3, "platform", "", "work", "operator", frozenset())
CHILD = replace(PARENT, name="chart", owner="operator", sources=(CHART,), made_by_set=False)
LATE = replace(PARENT, name="late", wave=4)
BESIDE = replace(PARENT, name="beside")


def resource(application: Application, kind: str, wave: int = 0, name: str = "x") -> Resource:
    group = {"CustomResourceDefinition": "apiextensions.k8s.io/v1", "Application": "argoproj.io/v1alpha1"}
    metadata = {"name": name, "namespace": "work", "annotations": {"argocd.argoproj.io/sync-wave": str(wave)}}
    spec = {"group": "example.org", "names": {"kind": "Widget"}, "scope": "Namespaced"}
    body = {"apiVersion": group.get(kind, "example.org/v1"), "kind": kind, "metadata": metadata, "spec": spec}
    return Resource(application.name, body, Origin("x.yaml", upstream=False))


def render(*resources: Resource) -> Render:
    applications = {each.name: each for each in (PARENT, CHILD, LATE, BESIDE)}
    return Render("local", Path(), applications, [resource(PARENT, "Application", 1, "chart"), *resources])


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (resource(PARENT, "Widget"), resource(LATE, "Widget"), True),
        (resource(LATE, "Widget"), resource(PARENT, "Widget"), False),
        (resource(BESIDE, "Widget", -5), resource(PARENT, "Widget", 5), False),
        (resource(PARENT, "Widget"), resource(PARENT, "Widget", 1), True),
        (resource(PARENT, "Widget"), resource(PARENT, "Widget", name="y"), False),
        (resource(PARENT, "CustomResourceDefinition"), resource(PARENT, "Widget"), True),
        (resource(PARENT, "CustomResourceDefinition", 1), resource(PARENT, "Widget"), False),
        # What the chart brings comes at the wave of its Application, 1.
        (resource(CHILD, "Widget", -9), resource(PARENT, "Widget", 2), True),
        (resource(CHILD, "Widget", -9), resource(PARENT, "Widget", 0), False),
        (resource(CHILD, "CustomResourceDefinition"), resource(PARENT, "Widget", 1), False),
        (resource(PARENT, "CustomResourceDefinition", 1), resource(CHILD, "Widget"), True),
        (resource(CHILD, "Widget", -1), resource(CHILD, "Widget", 0), True),
        (resource(CHILD, "CustomResourceDefinition"), resource(CHILD, "Widget"), True),
        (resource(CHILD, "Widget"), resource(LATE, "Widget"), True),
    ],
)
def test_what_comes_before_what(first: Resource, then: Resource, expected: bool) -> None:
    assert comes_before(render(first, then), first, then) is expected


def test_a_crd_that_a_chart_brings_must_be_there_before_the_application_s_own_objects() -> None:
    early = render(resource(CHILD, "CustomResourceDefinition"), resource(PARENT, "Widget", 0, "early"))
    assert [finding.object for finding in said("crd-order", early)] == ["Widget work/early"]
    assert (
        list(
            said(
                "crd-order",
                render(resource(CHILD, "CustomResourceDefinition"), resource(PARENT, "Widget", 2)),
            )
        )
        == []
    )
