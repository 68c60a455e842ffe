"""Whatever the schema: its table accepts exactly what the API server accepts, and sharing loses nothing."""

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from preflight.schemas import tables
from preflight.schemas.sharing import share, unshared
from preflight.schemas.structural import strict
from preflight.schemas.violations import Validator

NAMES = ("alpha", "beta", "gamma")
TYPES: dict[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "object": dict,
    "string": str,
}


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


@given(structural(depth=4))
def test_sharing_loses_nothing_and_writes_nothing_twice(schema: dict[str, Any]) -> None:
    plain = {"type": "object", "properties": {"one": schema, "two": schema}}
    shared = share(plain)
    assert unshared(shared) == plain
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
