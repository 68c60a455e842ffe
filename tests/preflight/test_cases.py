"""Each rule finds what is wrong in the cases that are about it, in its place, and nothing else anywhere.

Rules are judged together with those of the tables of their kind: an object that shows one thing about Katib's
parameters need not be hardened, nor have a namespace.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from preflight import rules
from preflight.findings import Finding
from preflight.registry import Rule, run
from preflight.render.cluster import Render
from tests.preflight.cases import CLUSTER, Case, case, cases, sound, wrong
from tests.preflight.faults import FAULTS

KINDS = {"schema": "schemas", "katib": "schemas", "tfjobs": "schemas", "pachyderm": "pachyderm"}
RULES = {rule.id: rule for rule in rules.every()}
# Passing it takes a table of the case's own CRD, a build, or a whole checkout: they have tests of their own.
PASSED_ELSEWHERE = {"schema-table", "build-failed", "stale-pipeline"}


def kind(table: str) -> str:
    """The kind of a table: those that are judged together."""
    return KINDS.get(table.partition("-")[0], "policies")


KIND_OF = {each.rule: kind(each.table) for each in cases().values() if each.rule}


def judges(*kinds: str) -> list[Rule]:
    """All rules of some kinds of tables."""
    return [rule for name, rule in RULES.items() if KIND_OF.get(name) in kinds]


def about(each: Case) -> set[str]:
    """The rules that a case names."""
    return {*each.rules, *(expected.rule for expected in each.expected if expected.rule)}


def judges_of(each: Case) -> list[Rule]:
    """The rules that judge a case."""
    return judges(*({KIND_OF[name] for name in about(each)} or {kind(each.table)}))


def agrees(each: Case, found: list[Finding]) -> bool:
    """Whether what is found is what the case expects."""
    return places(found) == sorted(each.places)


def places(found: list[Finding]) -> list[tuple[str, str, str, str]]:
    """Findings without what they say."""
    return sorted((each.id, each.object, each.file, each.field) for each in found)


@pytest.mark.parametrize("each", wrong(), ids=str)
def test_what_is_wrong_is_found_by_its_rule_in_its_place_and_nothing_else(each: Case) -> None:
    found = run(each.render, judges_of(each))
    assert places(found) == sorted(each.places)
    assert not [one.message for one in found if "\n" in one.message or one.message.endswith(".")]


@pytest.mark.parametrize("each", sound(), ids=str)
def test_the_sound_form_next_to_it_passes(each: Case) -> None:
    judged = judges_of(each)
    assert about(each) <= {rule.id for rule in judged}, "a rule that it names does not look at it"
    assert run(each.render, judged) == []


@pytest.mark.parametrize("judged", sorted({*KINDS.values(), "policies"}))
def test_the_small_cluster_passes_every_rule(judged: str) -> None:
    assert run(case(CLUSTER).render, judges(judged)) == []


def nothing(_render: Render) -> Iterator[Finding]:
    """What a rule yields that looks at nothing."""
    return iter(())


SHOWN = sorted({each.rule for case_ in wrong() for each in case_.expected})


@pytest.mark.parametrize("name", SHOWN)
def test_a_rule_that_finds_nothing_is_noticed(name: str) -> None:
    """The mutation of each rule: its cases fail, and it alone is why, as they pass with it."""
    expecting = [each for each in wrong() if name in about(each)]
    for each in expecting:
        blind = [replace(rule, check=nothing) if rule.id == name else rule for rule in judges_of(each)]
        assert not agrees(each, run(each.render, blind))


def test_every_rule_is_noticed_in_the_small_cluster_or_in_the_repository() -> None:
    """Those of the repository alone are mutated in test_seeded_faults.py."""
    assert set(RULES) <= {*SHOWN, *(fault.rule for fault in FAULTS)}
    assert len(set(RULES) - set(SHOWN)) <= 2


def test_every_rule_has_a_sound_form_next_to_it() -> None:
    passed = {name for each in sound() for name in each.rules}
    assert set(RULES) - passed == PASSED_ELSEWHERE


def test_every_case_names_rules_that_there_are() -> None:
    named = {name for each in cases().values() for name in {*about(each), each.rule} if name}
    assert named - set(RULES) == {"unused-waiver"}  # found in the file of waivers, not in the cluster


def test_every_case_says_why() -> None:
    assert [each.name for each in cases().values() if about(each) and len(each.why) <= 10] == []
