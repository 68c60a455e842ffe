"""A rule that raises is an error of preflight's own, told with its place; what is malformed excuses it."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from preflight import registry, rules
from preflight.findings import Fault, Faults, Problem, Problems
from preflight.platform.bringing import bringing
from preflight.registry import FAILED, RULES, Phase, Rule, judge, rule, run
from preflight.render.cluster import Render, Unchecked
from preflight.render.resources import Resource

RenderOf = Callable[..., Render]
Register = Callable[..., Rule]
TWO = """
apiVersion: v1
kind: ConfigMap
metadata: {name: sound, namespace: work}
data: {colour: red}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: work}
data: {size: large}
"""
MALFORMED = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: broken, namespace: work}
data: [red]
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: work}
spec: {ports: [{port: %s}]}
"""


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """`register(function, …)`: a rule that is there for one test."""

    def make(function: Callable[..., object], **how: object) -> Rule:
        monkeypatch.setattr(registry, "RULES", {})
        rule("colours", "why it matters", **how)(function)
        return registry.RULES["colours"]

    return make


def colours(render: Render) -> Problems:
    for resource in render.of("ConfigMap"):
        yield Problem(resource, "data.colour", resource.body["data"]["colour"])


def colour(resource: Resource) -> Faults:
    yield "data.colour", resource.body["data"]["colour"]


@pytest.mark.parametrize(("function", "of"), [(colours, None), (colour, "ConfigMap")])
def test_a_rule_that_raises_is_one_finding_with_its_id_and_place(
    render_of: RenderOf, register: Register, function: Callable[..., object], of: str | None
) -> None:
    findings = judge(render_of(TWO), [register(function, of=of)]).findings
    [failed] = [finding for finding in findings if finding.id == FAILED]
    assert failed.object == "rule colours"
    line = function.__code__.co_firstlineno + (1 if of else 2)
    assert failed.message == (
        f"internal error in rule colours at test_registry.py:{line}: KeyError: 'colour'; "
        "report it with this line"
    )
    assert [finding.message for finding in findings if finding.id == "colours"] == ["red"]


def test_an_error_below_a_rule_is_placed_where_it_was_raised(render_of: RenderOf, register: Register) -> None:
    def broken(render: Render) -> Iterator[Problem]:
        bringing(render, 5)
        yield from ()

    [failed] = run(render_of(TWO), [register(broken)])
    assert failed.file == "preflight/platform/bringing.py"


@pytest.mark.parametrize("phase", list(Phase))
def test_a_malformed_object_excuses_a_rule(render_of: RenderOf, register: Register, phase: Phase) -> None:
    def sizes(resource: Resource) -> Faults:
        yield "data", f"{len(resource.body['data'].items())}"

    made = judge(render_of(TWO + MALFORMED), [register(sizes, of="ConfigMap", phase=phase)])
    assert [finding.object for finding in made.findings] == ["ConfigMap work/other", "ConfigMap work/sound"]


def test_a_value_of_another_type_excuses_a_rule_of_schemas(render_of: RenderOf, register: Register) -> None:
    def port(resource: Resource) -> Faults:
        yield "spec.ports[0].port", str(int(resource.spec["ports"][0]["port"]))

    made = register(port, of="Service", phase=Phase.SCHEMAS)
    assert judge(render_of(SERVICE % "x"), [made]).findings == []
    assert [each.message for each in judge(render_of(SERVICE % "80"), [made]).findings] == ["80"]


class Missing:
    """An application that could not be rendered."""

    title, reason = "istio", "no network"


def test_what_may_be_in_what_is_not_rendered_is_not_judged(render_of: RenderOf, register: Register) -> None:
    def unless(_render: Render, _resource: Resource) -> Iterator[Fault]:
        yield Fault("data", "it is not there", unless=[Missing()])

    made = judge(render_of(TWO), [register(unless, of="ConfigMap")])
    assert made.findings == []
    assert {each.because for each in made.not_judged} == {(Unchecked("istio", "no network"),)}


def test_an_id_is_taken_once(register: Register) -> None:
    register(colours)
    with pytest.raises(ValueError, match="rule colours is registered twice"):
        rule("colours", "why it matters")(colours)


def test_every_module_that_has_a_rule_registers_it() -> None:
    rules.every()
    written = {
        file
        for file in Path(rules.__file__).parent.rglob("*.py")
        if re.search(r"^@\w*(rule|hardening)\(", file.read_text(), re.MULTILINE)
    }
    assert written
    assert written <= {Path(_function(each.check).__code__.co_filename) for each in RULES.values()}


def _function(check: Callable[..., object]) -> Callable[..., object]:
    """The rule's own function, inside of what asks it about each object."""
    while isinstance(check, partial):
        check = next((each for each in check.args if callable(each)), check.func)
    return check
