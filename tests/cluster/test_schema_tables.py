"""Schema tables accept exactly what the API server accepts of a CRD's schema, and keep up with their CRDs."""

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pylib.cluster.render import Render
from pylib.cluster.schemas import check, models, tables
from pylib.cluster.schemas.sharing import share
from pylib.cluster.schemas.structural import strict
from pylib.cluster.schemas.violations import Validator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / tables.FOLDER
NAMES = ("alpha", "beta", "gamma")
TYPES: dict[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "object": dict,
    "string": str,
}

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


@st.composite
def structural(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A small structural schema, as a CRD may have."""
    kinds = ["string", "integer", "boolean", "either", *(["object", "map", "array"] if depth else [])]
    kind = draw(st.sampled_from(kinds))
    nullable = {"nullable": True} if draw(st.booleans()) and depth < 2 else {}
    if kind == "either":
        return {"x-kubernetes-int-or-string": True, **nullable}
    if kind == "array":
        return {"type": "array", "items": draw(structural(depth - 1)), **nullable}
    if kind == "map":
        return {"type": "object", "additionalProperties": draw(structural(depth - 1)), **nullable}
    if kind == "object":
        return {**draw(objects(depth)), **nullable}
    enum = {"enum": ["a", "b"]} if kind == "string" and draw(st.booleans()) else {}
    low = {"minimum": 1} if kind == "integer" and draw(st.booleans()) else {}
    return {"type": kind, "description": "prose", **enum, **low, **nullable}


@st.composite
def objects(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    properties = draw(st.dictionaries(st.sampled_from(NAMES), structural(depth - 1), max_size=3))
    made: dict[str, Any] = {"type": "object", "properties": properties}
    required = sorted(draw(st.sets(st.sampled_from(sorted(properties))))) if properties else []
    if required:
        made["required"] = required
    if required and "type" in properties[required[0]] and draw(st.booleans()):
        properties[required[0]] = {**properties[required[0]], "default": "anything"}
    if draw(st.integers(0, 3)) == 0:
        made["x-kubernetes-preserve-unknown-fields"] = True
    return made


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What mostly fits a schema, and sometimes does not."""
    wild = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["a", "z", ""])
    wild |= st.just([]) | st.just({}) | st.dictionaries(st.sampled_from(NAMES), st.integers(), max_size=1)
    fits: st.SearchStrategy[Any] = st.sampled_from(["a", 3, True])
    if schema.get("type") == "array":
        fits = st.lists(values(schema["items"]), max_size=2)
    elif isinstance(schema.get("additionalProperties"), dict):
        fits = st.dictionaries(st.sampled_from(NAMES), values(schema["additionalProperties"]), max_size=2)
    elif "properties" in schema:
        known = {name: values(below) for name, below in schema["properties"].items()}
        fits = st.fixed_dictionaries({}, optional=known)
    choices = [wild, *([st.none()] * 2 if schema.get("nullable") else []), *[fits] * 5]
    return st.sampled_from(choices).flatmap(lambda chosen: chosen)


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """What the API server does, written down anew: default, check, and refuse what pruning would remove."""
    if value is None:
        return bool(schema.get("nullable"))
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, int | str) and not isinstance(value, bool)
    of_type = isinstance(value, TYPES[schema["type"]])
    if not of_type or (schema["type"] == "integer" and isinstance(value, bool)):
        return False
    if value not in schema.get("enum", [value]) or ("minimum" in schema and value < schema["minimum"]):
        return False
    if isinstance(value, list):
        return all(accepts(schema["items"], each) for each in value)
    return _accepts_fields(schema, value) if isinstance(value, dict) else True


def _accepts_fields(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    properties, rest = schema.get("properties", {}), schema.get("additionalProperties")
    free = schema.get("x-kubernetes-preserve-unknown-fields")
    # A null in a field that cannot be null is as good as no field at all.
    there = {
        name: below
        for name, below in value.items()
        if below is not None or properties.get(name, rest or {}).get("nullable")
    }
    missing = [name for name in schema.get("required", []) if name not in there]
    return all("default" in properties[name] for name in missing) and all(
        accepts(properties[name], below) if name in properties else accepts(rest, below) if rest else free
        for name, below in there.items()
    )


@given(st.data())
def test_a_table_accepts_what_the_api_server_accepts(data: st.DataObject) -> None:
    schema = {"type": "object", "properties": {"spec": data.draw(objects())}}
    validator = Validator(share(strict(schema)))
    for _ in range(5):
        body = {
            "apiVersion": "v1",
            "kind": "X",
            "metadata": {},
            "spec": data.draw(values(schema["properties"]["spec"])),
        }
        refused = list(validator.violations(body))
        assert (not refused) == _accepts_fields(schema, {"spec": body["spec"]}), (schema, body, refused)


def expanded(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [expanded(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return expanded(definitions[node["$ref"].removeprefix("#/$defs/")], definitions)
    return {key: expanded(below, definitions) for key, below in node.items() if key != "$defs"}


@given(structural(depth=4))
def test_sharing_loses_nothing_and_writes_nothing_twice(schema: dict[str, Any]) -> None:
    plain = {"type": "object", "properties": {"one": schema, "two": schema}}
    shared = share(plain)
    assert expanded(shared, shared.get("$defs", {})) == plain
    assert len(json.dumps(shared)) <= len(json.dumps(plain)) + 40


@given(structural(depth=3), st.randoms())
def test_the_order_of_fields_does_not_matter(schema: dict[str, Any], order: random.Random) -> None:
    def shuffled(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        keys = list(node)
        order.shuffle(keys)
        return {key: shuffled(node[key]) for key in keys}

    plain = {"type": "object", "properties": {"one": schema, "two": schema}}
    assert tables.lines(share(strict(plain))) == tables.lines(share(strict(shuffled(plain))))


@pytest.fixture
def widgets(render_of: Callable[..., Render], tmp_path: Path) -> Render:
    made = render_of(CRD, upstream=True)
    tables.write([made], tmp_path / tables.FOLDER)
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
    assert list(check.table_current(widgets)) == []


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
        assert [each.id for each in check.deprecated(made)] == ([] if upstream else ["schema-deprecated"])


def test_a_version_that_is_not_served_has_no_table(widgets: Render) -> None:
    assert refused(widgets, version="v1alpha0") == [("schema-unknown-kind", "apiVersion")]


def test_a_kind_is_not_found_by_another_case(widgets: Render) -> None:
    (violation,) = check.of_object({**body(), "kind": "WIDGET"}, widgets.tree)
    assert "did you mean Widget?" in violation.message


def test_a_changed_crd_makes_its_table_stale(render_of: Callable[..., Render], widgets: Render) -> None:
    changed = dataclasses.replace(render_of(CRD.replace("slow", "slowly")), tree=widgets.tree)
    assert {each.id for each in check.table_current(changed)} == {"schema-table"}


def test_writing_again_removes_what_no_crd_makes_any_more(
    widgets: Render, render_of: Callable[..., Render]
) -> None:
    folder = widgets.tree / tables.FOLDER
    before = {file: file.read_bytes() for file in folder.rglob("*.json")}
    tables.write([widgets], folder)
    assert {file: file.read_bytes() for file in folder.rglob("*.json")} == before
    tables.write([render_of("{}")], folder)
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
