"""Each rule of schemas finds what is wrong in the manifests that are about it, and nothing else anywhere."""

import dataclasses
import importlib
import pkgutil
from pathlib import Path

import pytest

from pylib.cluster import schemas
from pylib.cluster.findings import RULES, Rule, run
from pylib.cluster.render import Render

from .policies.manifests import SURROUNDINGS, Manifest, manifests, read

ROOT = Path(__file__).parents[2]
for module in pkgutil.iter_modules(schemas.__path__, f"{schemas.__name__}."):
    importlib.import_module(module.name)
importlib.import_module("pylib.cluster.katib")


def rules(*prefixes: str) -> list[Rule]:
    return [rule for name, rule in sorted(RULES.items()) if name.startswith(prefixes)]


EVERY = rules("schema-", "katib-")
IDS = {rule.id for rule in EVERY}
# Passing it takes a table that was made of the manifest's own CRD: test_schema_tables.py has one.
ELSEWHERE = {"valid": {"schema-table"}, "invalid": set()}


def render(manifest: Manifest) -> Render:
    """Its objects in this repository, which has the tables."""
    return dataclasses.replace(manifest.render, tree=ROOT)


def about(kind: str) -> list[Manifest]:
    return [each for each in manifests(kind) if IDS & set(each.rules)]


@pytest.mark.parametrize("manifest", about("invalid"), ids=str)
def test_what_is_wrong_is_found_by_its_rule_in_its_file_and_field(manifest: Manifest) -> None:
    found = run(render(manifest), EVERY)
    assert {(each.id, each.object, each.file, each.field) for each in found} == manifest.expected
    for each in found:
        assert "\n" not in each.message
        assert not each.message.endswith(".")


@pytest.mark.parametrize("manifest", [read(SURROUNDINGS), *about("valid")], ids=str)
def test_the_sound_form_next_to_it_passes(manifest: Manifest) -> None:
    assert run(render(manifest), EVERY) == []


@pytest.mark.parametrize("kind", ["valid", "invalid"])
def test_every_rule_has_a_manifest_that_fails_and_one_that_passes(kind: str) -> None:
    shown = {rule for manifest in about(kind) for rule in manifest.rules}
    assert IDS - shown == ELSEWHERE[kind]
