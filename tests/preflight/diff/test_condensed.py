"""What people read of an application's changes: short, and nothing forgotten."""

from collections.abc import Callable

import yaml

from preflight.diff.compare import compare
from preflight.diff.condensed import Shown, condensed
from preflight.diff.paths import shown
from preflight.render.cluster import Render

RenderOf = Callable[..., Render]


def condense(render_of: RenderOf, *sides: list[dict[str, object]]) -> list[Shown]:
    [application] = compare(*(render_of(yaml.safe_dump_all(side)) for side in sides)).applications
    return list(condensed(application))


def maps(version: str, last: str = "") -> list[dict[str, object]]:
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "a", "labels": {"version": version}},
            "data": {"text": last if name == "d" else ""},
        }
        for name in "abcd"
    ]


def test_what_many_objects_share_is_said_once(render_of: RenderOf) -> None:
    alike, own, rest = condense(render_of, maps("1"), maps("2", "new"))
    assert (alike.heading, [shown(each.path) for each in alike.fields]) == (
        "4 objects alike",
        ["metadata.labels.version"],
    )
    assert (own.heading, [shown(each.path) for each in own.fields]) == ("ConfigMap a/d", ["data.text"])
    assert rest.heading == "ConfigMap a/a, a/b, a/c, in nothing else"


def test_what_only_comes_or_goes_is_a_list_of_names(render_of: RenderOf) -> None:
    [part] = condense(render_of, maps("1")[:1], maps("1"))
    assert (part.verb, part.heading) == ("created", "ConfigMap a/b, a/c, a/d")


def definition(minimum: int) -> dict[str, object]:
    schema = {"openAPIV3Schema": {"properties": {"a": {"minimum": minimum}, "b": {"minimum": minimum}}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.org"},
        "spec": {"scope": "Cluster", "versions": [{"name": "v1", "schema": schema}]},
    }


def test_a_schema_is_counted(render_of: RenderOf) -> None:
    [part] = condense(render_of, [definition(1)], [definition(2)])
    assert part.fields == ()
    assert [line.text for line in part.notes] == ["spec.versions[v1].schema: 2 fields"]
