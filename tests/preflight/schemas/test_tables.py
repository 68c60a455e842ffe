"""Schema tables say where they are from, refuse what the API server refuses, and keep up with their CRDs."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from preflight.render.cluster import Render
from preflight.schemas import check, making, models, tables
from tests.preflight.conftest import said

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / tables.FOLDER

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema: &schema
        openAPIV3Schema:
          description: prose that no table needs
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size, mode]
              x-kubernetes-validations: [{rule: self.size < 9}]
              properties:
                size: {type: integer, minimum: 0, exclusiveMinimum: true}
                mode: {type: string, enum: [fast, slow], default: fast}
                limit: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                since: {type: string, format: date-time}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                both:
                  type: object
                  properties: {one: {type: string}, two: {type: string}}
                  oneOf: [{required: [one]}, {required: [two]}]
                ports:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items: {type: object, required: [name], properties: {name: {type: string}}}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
    - {name: v1beta1, served: true, storage: false, schema: *schema}
    - {name: v1alpha1, served: true, deprecated: true, storage: false, schema: *schema}
    - {name: v1alpha0, served: false, storage: false, schema: *schema}
"""


@pytest.fixture
def widgets(render_of: Callable[..., Render], tmp_path: Path) -> Render:
    made = render_of(CRD, upstream=True)
    making.write([made], tmp_path / tables.FOLDER)
    return made


def body(version: str = "v1", **spec: Any) -> dict[str, Any]:
    whole = {"size": 1, **spec}
    return {
        "apiVersion": f"example.org/{version}",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": whole,
    }


def refused(render: Render, **spec: Any) -> list[tuple[str, str]]:
    return [(each.rule, each.field) for each in check.of_object(body(**spec), render.tree)]


def test_a_written_table_is_found_and_current(widgets: Render) -> None:
    assert (
        refused(widgets, limit="50%", since="2026-11-21T10:00:00Z", free={"a": {"b": 1}}, both={"one": ""})
        == []
    )
    assert list(said("schema-table", widgets)) == []


@pytest.mark.parametrize(
    ("spec", "rule", "field"),
    [
        ({"sice": 2}, "schema-unknown-field", "spec.sice"),
        ({"size": 0}, "schema-value", "spec.size"),
        ({"size": "1"}, "schema-type", "spec.size"),
        ({"mode": "fats"}, "schema-enum", "spec.mode"),
        ({"limit": []}, "schema-type", "spec.limit"),
        ({"since": "yesterday"}, "schema-value", "spec.since"),
        ({"both": {"one": "", "two": ""}}, "schema-value", "spec.both"),
        ({"ports": [{"name": "a"}, {"name": "a"}]}, "schema-duplicate", "spec.ports"),
        ({"ports": [{}]}, "schema-required", "spec.ports[0].name"),
    ],
)
def test_what_a_table_refuses(widgets: Render, spec: dict[str, Any], rule: str, field: str) -> None:
    assert refused(widgets, **spec) == [(rule, field)]


def test_a_version_with_the_same_schema_is_an_alias(widgets: Render) -> None:
    folder = widgets.tree / tables.FOLDER / "example.org"
    assert sorted(file.name for file in folder.iterdir()) == [
        f"widget_v1{end}.json" for end in ("", "alpha1", "beta1")
    ]
    assert json.loads((folder / "widget_v1beta1.json").read_text())["$ref"] == "widget_v1.json"
    assert refused(widgets, version="v1beta1", sice=2) == [("schema-unknown-field", "spec.sice")]


def test_a_table_tells_where_it_is_from_and_what_it_leaves_out(widgets: Render) -> None:
    text = (widgets.tree / tables.FOLDER / "example.org/widget_v1.json").read_text()
    assert "1 rules in CEL are left to the API server" in text
    assert "cluster-conf/app/base/objects.yaml" in text
    assert "prose" not in text


def test_a_deprecated_version_is_told_of_our_objects_only(
    render_of: Callable[..., Render], widgets: Render
) -> None:
    for upstream in (False, True):
        made = dataclasses.replace(
            render_of(yaml.safe_dump(body("v1alpha1")), upstream=upstream), tree=widgets.tree
        )
        assert [each.id for each in said("schema-deprecated", made)] == (
            [] if upstream else ["schema-deprecated"]
        )


def test_a_version_that_is_not_served_has_no_table(widgets: Render) -> None:
    assert refused(widgets, version="v1alpha0") == [("schema-unknown-kind", "apiVersion")]


def test_a_kind_is_not_found_by_another_case(widgets: Render) -> None:
    (violation,) = check.of_object({**body(), "kind": "WIDGET"}, widgets.tree)
    assert "did you mean Widget?" in violation.message


@pytest.mark.parametrize("group", ["Ä" * 300, "a\0b", "../cluster-conf/schemas/kubeflow.org", "/etc"])
def test_a_group_is_never_taken_for_a_path(group: str) -> None:
    assert tables.load(FOLDER, group, "Profile", "v1") is None
    assert not tables.known(FOLDER, group)


def test_a_changed_crd_makes_its_table_stale(render_of: Callable[..., Render], widgets: Render) -> None:
    changed = dataclasses.replace(render_of(CRD.replace("slow", "slowly")), tree=widgets.tree)
    assert {each.id for each in said("schema-table", changed)} == {"schema-table"}


def test_writing_again_removes_what_no_crd_makes_any_more(
    widgets: Render, render_of: Callable[..., Render]
) -> None:
    folder = widgets.tree / tables.FOLDER
    before = {file: file.read_bytes() for file in folder.rglob("*.json")}
    making.write([widgets], folder)
    assert {file: file.read_bytes() for file in folder.rglob("*.json")} == before
    making.write([render_of("{}")], folder)
    assert not list(folder.glob("example.org/*"))
    assert list(folder.glob("kubeflow.org/*"))


def test_every_table_of_this_repository_compiles_and_all_are_small() -> None:
    files = sorted(FOLDER.glob("*/*.json"))
    assert files
    assert sum(file.stat().st_size for file in files) < 1_500_000
    for file in files:
        table = json.loads(file.read_text())
        loaded = tables.load(FOLDER, file.parent.name, table["title"], file.stem.rpartition("_")[2])
        assert loaded is not None
        jsonschema_rs.Draft202012Validator(loaded)
        jsonschema_rs.meta.validate(loaded)


def test_katibs_tables_are_those_of_the_sdk_that_is_installed() -> None:
    for kind, schema in models.schemas().items():
        written = json.loads((FOLDER / tables.table_path("kubeflow.org", kind, "v1beta1")).read_text())
        for key, value in schema.items():
            assert written[key] == value
