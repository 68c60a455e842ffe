"""Each rule finds what is wrong in the manifests that are about it, and nothing else anywhere."""

import pytest

from preflight import rules
from preflight.registry import run
from tests.preflight.policies.manifests import FOLDER, SURROUNDINGS, Manifest, manifests, read

# The schemas, Katib and Pachyderm have tests of their own; what cannot be built has no objects.
OTHERS = ("build-failed", "katib-", "pachyderm-", "schema-")
EVERY = [rule for rule in rules.every() if not rule.id.startswith(OTHERS)]
IDS = {rule.id for rule in EVERY}
# Judged by a test of its own: it compares a compiled pipeline with its definition.
ELSEWHERE = {"stale-pipeline"}


def ours(kind: str) -> list[Manifest]:
    """The manifests that are about a policy."""
    return [each for each in manifests(kind) if (IDS - ELSEWHERE) & set(each.rules)]


@pytest.mark.parametrize("manifest", ours("invalid"), ids=str)
def test_what_is_wrong_is_found_by_its_rule_in_its_file_and_field(manifest: Manifest) -> None:
    found = run(manifest.render, EVERY)
    assert {(each.id, each.object, each.file, each.field) for each in found} == manifest.expected
    assert len(found) == len(manifest.expected)


@pytest.mark.parametrize("manifest", [read(SURROUNDINGS), *ours("valid")], ids=str)
def test_the_sound_form_next_to_it_passes(manifest: Manifest) -> None:
    assert run(manifest.render, EVERY) == []


def test_every_rule_of_the_check_has_a_manifest_that_fails() -> None:
    shown = {rule for manifest in manifests("invalid") for rule in manifest.rules}
    of_folders = {"build-failed"}  # what cannot be built has no objects: see test_render
    assert {rule.id for rule in rules.every()} - shown == of_folders


def test_every_policy_has_a_sound_form_next_to_it() -> None:
    shown = {rule for manifest in ours("valid") for rule in manifest.rules}
    assert IDS - shown - ELSEWHERE == set()


def test_every_manifest_says_in_its_first_line_what_it_is_about() -> None:
    for file in [*FOLDER.glob("valid/*.yaml"), *FOLDER.glob("invalid/*.yaml")]:
        first = file.read_text().partition("\n")[0]
        assert first.startswith("# "), file
        assert len(first.partition(": ")[2]) > 10, file


def test_a_message_is_one_line_that_ends_without_a_stop() -> None:
    for finding in (finding for manifest in ours("invalid") for finding in run(manifest.render, EVERY)):
        assert "\n" not in finding.message
        assert not finding.message.endswith(".")
