"""A stand-in's schema is the one that its table was made of; needs no cluster."""

from pathlib import Path
from typing import Any

import pytest

from pylib.cluster.schemas.structural import strict
from pylib.cluster.schemas.tables import FOLDER, known, load
from tests.on_cluster.stand_ins import EXPERIMENT, OWN_WORDS, stand_ins, structural

ROOT = Path(__file__).parents[2]
KATIB = {
    "Experiment",
    "Trial",
}  # their tables are made of Katib's own types: their CRDs accept whatever comes
GROUPS = [folder.name for folder in sorted((ROOT / FOLDER).iterdir())]
TABLES = [
    (group, kind, version)
    for group in GROUPS
    for kind, version in sorted(known(ROOT / FOLDER, group))
    if kind not in KATIB
]


def inlined(node: Any, shared: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [inlined(each, shared) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return inlined(shared[node["$ref"].rpartition("/")[2]], shared)
    return {key: inlined(below, shared) for key, below in node.items()}


@pytest.mark.parametrize(("group", "kind", "version"), TABLES)
def test_the_strict_form_of_its_schema_is_the_table(group: str, kind: str, version: str) -> None:
    table = load(ROOT / FOLDER, group, kind, version) or {}
    plain = {key: below for key, below in table.items() if key not in OWN_WORDS}
    assert plain
    assert strict(structural(table)) == inlined(plain, table.get("$defs", {}))


def test_an_experiment_is_accepted_whatever_it_says() -> None:
    (made,) = stand_ins(ROOT, {EXPERIMENT: True})
    assert made["metadata"]["name"] == "experiments.kubeflow.org"
    (version,) = made["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    assert schema == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def test_a_kind_without_a_table_is_named() -> None:
    with pytest.raises(KeyError, match="no table of acme"):
        stand_ins(ROOT, {("acme.org", "v1", "Rocket"): True})
