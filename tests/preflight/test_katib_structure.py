"""What the schema of Katib's SDK refuses of an Experiment a search here refuses too, and takes the rest."""

import pytest

from katib import structure
from tests.preflight.cases import Case, sound, wrong

SCHEMA = "schema-"


def experiments(each: Case) -> list[dict]:
    return [dict(resource.body) for resource in each.render.of("Experiment")]


REFUSED = [
    each
    for each in wrong()
    for expected in each.expected
    if expected.rule.startswith(SCHEMA) and expected.object.startswith("Experiment")
]
TAKEN = [each for each in sound() if each.table.startswith("katib") and experiments(each)]


@pytest.mark.parametrize("each", [each for each in REFUSED if "trialSpec" not in str(each.places)], ids=str)
def test_what_the_schema_refuses_is_refused(each: Case) -> None:
    assert [field for body in experiments(each) for field, _ in structure.faults(body)]


@pytest.mark.parametrize("each", TAKEN, ids=str)
def test_what_it_takes_is_taken(each: Case) -> None:
    assert [list(structure.faults(body)) for body in experiments(each)] == [[] for _ in experiments(each)]
