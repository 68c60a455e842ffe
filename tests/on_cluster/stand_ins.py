"""CRDs for kinds that nobody brings here, made from our own tables of what upstream's CRDs accept.

Applications that are all ours need no upstream, but name kinds that upstream's applications define: where
those cannot be had, the API server takes a stand-in, which accepts and refuses what the table says. Left out:
defaults, rules in CEL, columns, conversion between versions.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from preflight.schemas.sharing import unshared
from preflight.schemas.structural import PRESERVE
from preflight.schemas.tables import FOLDER, Schema, load
from tests.on_cluster.kubectl import Body

Kind = tuple[str, str, str]  # group, version, kind
# What people apply beside the platform, and the seeded faults plant; upstream's own CRD checks nothing of it.
EXPERIMENT: Kind = ("kubeflow.org", "v1beta1", "Experiment")
OWN_WORDS = {"$schema", "$comment", "title", "deprecated", "x-crd-digest"}
KEY_DEFAULTS = {"protocol": "TCP", "name": ""}
OPEN = ("object", ["object", "null"])
TRANSLATED = {
    "type",
    "properties",
    "items",
    "additionalProperties",
    "uniqueItems",
    "x-kubernetes-list-map-keys",
}
CONDITIONS = {"allOf", "anyOf", "oneOf"}


def stand_ins(checkout: Path, kinds: Mapping[Kind, bool]) -> list[Body]:
    """A CRD for each kind, given whether it is namespaced. Raises KeyError for one without a table."""
    return [_definition(kind, _table(checkout, kind), namespaced) for kind, namespaced in kinds.items()]


def _table(checkout: Path, kind: Kind) -> Schema:
    group, version, name = kind
    table = {} if kind == EXPERIMENT else load(checkout / FOLDER, group, name, version)
    if table is None:
        raise KeyError(f"{FOLDER} has no table of {group}/{version} {name}")
    return table


def _definition(kind: Kind, table: Schema, namespaced: bool) -> Body:
    group, version, name = kind
    singular = name.lower()
    plural = re.sub(r"(?<![aeiou])y$", "ie", singular) + "s"
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": structural(table)},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": name, "listKind": f"{name}List", "plural": plural, "singular": singular},
            "scope": "Namespaced" if namespaced else "Cluster",
            "versions": [served],
        },
    }


def structural(table: Schema) -> Schema:
    """The structural schema that a table was made of: preflight.schemas.structural.strict undone."""
    made = {"type": "object", **_node(unshared(table))}
    if "properties" in made:
        made["properties"]["metadata"].pop(PRESERVE, None)  # the server knows what it may hold
    return made


def _node(node: Schema) -> Schema:
    made = _below(node, _node)
    if "items" in node:
        _fill_keys(made["items"], node.get("x-kubernetes-list-map-keys", []))
    if node.get("type", "object") in OPEN and "additionalProperties" not in node:
        made[PRESERVE] = True
    return made


def _condition(node: Schema) -> Schema:
    """What stands below `not` and the like: conditions on values, which say nothing of unknown fields."""
    return _below(node, _condition)


def _below(node: Schema, change: Callable[[Schema], Schema]) -> Schema:
    made = _values(node)
    if "properties" in node:
        made["properties"] = {name: change(below) for name, below in node["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            made[key] = change(node[key])
    return made


def _fill_keys(item: Schema, keys: list[str]) -> None:
    """What an entry of a list is known by must be there: given, or by default."""
    for key in keys:
        if key not in item.get("required", []):
            item["properties"][key]["default"] = KEY_DEFAULTS[key]


def _values(node: Schema) -> Schema:
    """What holds of a value, in the words that a CRD has for it."""
    made: Schema = {key: value for key, value in node.items() if key not in OWN_WORDS | TRANSLATED}
    made.update(_type(node))
    for key in CONDITIONS & node.keys():
        made[key] = [_condition(each) for each in node[key]]
    if "not" in node:
        made["not"] = _condition(node["not"])
    for bound in ("Minimum", "Maximum"):
        if (value := made.pop(f"exclusive{bound}", None)) is not None:
            made |= {bound.lower(): value, f"exclusive{bound}": True}
    if node.get("uniqueItems"):
        made["x-kubernetes-list-type"] = "set"
    if keys := node.get("x-kubernetes-list-map-keys"):
        made |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys}
    return made


def _type(node: Schema) -> dict[str, Any]:
    types = node.get("type", [])
    if isinstance(types, str):
        return {"type": types}
    made: dict[str, Any] = {"nullable": True} if "null" in types else {}
    some = [each for each in types if each != "null"]
    if some == ["integer", "string"]:
        return made | {"x-kubernetes-int-or-string": True}
    return made | ({"type": some[0]} if some else {})
