"""Identical subtrees of a JSON Schema written once, under `$defs`."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

WORTH = 48  # characters: a `$ref` and its definition's name cost about as much


def share(schema: Schema) -> Schema:
    """The same schema with every larger subtree that stands in it twice under `$defs`, named after its field.

    Equal schemas give equal results: fields are taken in alphabetical order.
    """
    counts: Counter[str] = Counter()
    _count(schema, counts)
    definitions: dict[str, Schema] = {}
    names: dict[str, str] = {}

    def replace(node: Schema, field: str) -> Schema:
        text = _text(node)
        if counts[text] < 2 or len(text) < WORTH:  # noqa: PLR2004
            return _map(node, replace, field)
        if text not in names:
            names[text] = _free(field, definitions)
            definitions[names[text]] = {}
            definitions[names[text]] = _map(node, replace, field)
        return {"$ref": f"#/$defs/{names[text]}"}

    made = _map(schema, replace, "root")
    return {**made, "$defs": definitions} if definitions else made


def unshared(schema: Schema) -> Schema:
    """The same schema with what `$refs` name in their place: what `share` was given."""

    def expand(node: Schema, _field: str) -> Schema:
        while "$ref" in node:
            node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
        return _map(node, expand, "")

    whole = expand(schema, "")
    return {key: value for key, value in whole.items() if key != "$defs"}


def _count(node: Schema, counts: Counter[str]) -> None:
    """How often each subtree stands in places that no other shared subtree covers."""
    text = _text(node)
    counts[text] += 1
    if counts[text] == 1:

        def descend(below: Schema, _field: str) -> Schema:
            _count(below, counts)
            return below

        _map(node, descend, "")


def _map(node: Schema, change: Callable[[Schema, str], Schema], field: str) -> Schema:
    """The node with `change` applied to each schema directly below it, in alphabetical order."""
    made = dict(node)
    for key in sorted(node):
        value = node[key]
        if key == "properties":
            made[key] = {name: change(value[name], name) for name in sorted(value)}
        elif key in {"items", "additionalProperties", "not"} and isinstance(value, dict):
            made[key] = change(value, field)
        elif key in {"allOf", "anyOf", "oneOf"}:
            made[key] = [change(each, field) for each in value]
    return made


def _text(node: Schema) -> str:
    return json.dumps(node, sort_keys=True)


def _free(field: str, taken: dict[str, Schema]) -> str:
    name, number = field, 1
    while name in taken:
        number += 1
        name = f"{field}{number}"
    return name
