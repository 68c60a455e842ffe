"""A stand-in's schema is the one that its table was made of; needs no cluster."""

from pathlib import Path

import pytest

from preflight.schemas.sharing import unshared
from preflight.schemas.structural import strict
from preflight.schemas.tables import FOLDER, known, load
from tests.on_cluster.stand_ins import EXPERIMENT, OWN_WORDS, stand_ins, structural

ROOT = Path(__file__).parents[2]
KATIB = {
    "Experiment",
    "Trial",
}  # their tables are made of Katib's own types: their CRDs accept whatever comes
PACHD = "pachyderm.com"  # what pachd is told, and no kind of a cluster
GROUPS = [folder.name for folder in sorted((ROOT / FOLDER).iterdir()) if folder.name != PACHD]
TABLES = [
    (group, kind, version)
    for group in GROUPS
    for kind, version in sorted(known(ROOT / FOLDER, group))
    if kind not in KATIB
]


@pytest.mark.parametrize(("group", "kind", "version"), TABLES)
def test_the_strict_form_of_its_schema_is_the_table(group: str, kind: str, version: str) -> None:
    table = load(ROOT / FOLDER, group, kind, version) or {}
    plain = {key: below for key, below in unshared(table).items() if key not in OWN_WORDS}
    assert plain
    assert strict(structural(table)) == plain


def test_an_experiment_is_accepted_whatever_it_says() -> None:
    (made,) = stand_ins(ROOT, {EXPERIMENT: True})
    assert made["metadata"]["name"] == "experiments.kubeflow.org"
    (version,) = made["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    assert schema == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("VirtualService", "virtualservices"),
        ("AuthorizationPolicy", "authorizationpolicies"),
        ("Gateway", "gateways"),
    ],
)
def test_its_name_is_that_of_upstreams(kind: str, plural: str) -> None:
    group = "security.istio.io" if kind.endswith("Policy") else "networking.istio.io"
    (made,) = stand_ins(ROOT, {(group, "v1", kind): True})
    assert made["metadata"]["name"] == f"{plural}.{group}"


def test_a_kind_without_a_table_is_named() -> None:
    with pytest.raises(KeyError, match="no table of acme"):
        stand_ins(ROOT, {("acme.org", "v1", "Rocket"): True})
