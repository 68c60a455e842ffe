"""What the rules of schemas rest on: suggestions, quantities, schedules; test_cases.py has their cases."""

import copy
import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight import rules
from preflight.registry import RULES, Rule, run
from preflight.render.cluster import Render
from preflight.render.resources import Origin, Resource
from preflight.schemas.cron import mistake
from preflight.schemas.suggest import closest, did_you_mean
from preflight.schemas.violations import without_nulls
from tests.preflight.cases import Case, sound

ROOT = Path(__file__).parents[3]


def of(*prefixes: str) -> list[Rule]:
    return [rule for rule in rules.every() if rule.id.startswith(prefixes)]


EVERY = of("schema-", "katib-")
IDS = {rule.id for rule in EVERY}


def about() -> list[Case]:
    """The sound cases that name a rule of these."""
    return [each for each in sound() if IDS & set(each.rules)]


WILD = (
    None,
    True,
    0,
    -1,
    1.5,
    10**10,
    "",
    "x y",
    "Ä" * 300,
    "${x}",
    [],
    {},
    [None],
    ["a", "a"],
    {"a": 1},
    [[{}]],
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in below:
        yield (*path, key)
        yield from places(value, (*path, key))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_stands_in_an_object_the_rules_answer(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(about()))
    made = dataclasses.replace(case.render, tree=ROOT)
    own = [each.body for each in case.own]
    at = data.draw(st.sampled_from([index for index, each in enumerate(made.resources) if each.body in own]))
    body = copy.deepcopy(made.resources[at].body)
    *steps, last = data.draw(
        st.sampled_from([path for path in places(body) if path[0] not in {"apiVersion", "kind"}])
    )
    node = body
    for step in steps:
        node = node[step]
    node[last] = data.draw(st.sampled_from(WILD))
    made.resources[at] = dataclasses.replace(made.resources[at], body=body)
    for finding in run(made, EVERY):
        assert finding.id in RULES


@given(st.text(max_size=8), st.sets(st.text(min_size=1, max_size=8)))
def test_a_suggestion_is_a_name_that_is_known(name: str, known: set[str]) -> None:
    assert closest(name, known) in {"", *known}
    if name in known and len([each for each in known if each.lower() == name.lower()]) == 1:
        assert closest(name, known) == name


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("imagePullPolicies", ["image", "imagePullPolicy"], "; did you mean imagePullPolicy?"),
        ("NAME", ["name", "value"], "; did you mean name?"),
        ("integer", ["int", "double"], "; did you mean int?"),
        ("zzz", ["one", "two"], "; known are one, two"),
        ("zzz", "abcdefgh", ""),
        ("zzz", [], ""),
    ],
)
def test_the_likely_fix_is_told(name: str, known: list[str], told: str) -> None:
    assert did_you_mean(name, known) == told


@pytest.mark.parametrize(
    ("schedule", "sound"),
    [
        ("* * * * *", True),
        ("*/5 0-23/2 1,15 JAN-mar sun", True),
        ("@weekly", True),
        ("@every 1h30m", True),
        ("60 * * * *", False),
        ("* * 0 * *", False),
        ("* * * * 7", False),
        ("* * * *", False),
        ("* * * * * *", False),
        ("5-1 * * * *", False),
        ("*/0 * * * *", False),
        ("1-2-3 * * * *", False),
        ("TZ=UTC * * * * *", False),
        ("@fortnightly", False),
    ],
)
def test_a_schedule_is_read_as_the_api_server_reads_it(schedule: str, sound: bool) -> None:
    assert (mistake(schedule) == "") is sound


def test_a_null_field_is_as_good_as_none() -> None:
    assert without_nulls({"a": None, "b": [{"c": None}, None], "d": 0}) == {"b": [{}, None], "d": 0}


def test_what_json_cannot_say_is_a_finding(render_of: Callable[..., Render]) -> None:
    made = render_of("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {day: 2026-11-21}}")
    (finding,) = run(made, EVERY)
    assert (finding.id, "quote the value" in finding.message) == ("schema-type", True)


def test_a_hundred_crds_and_a_thousand_objects_take_less_than_three_seconds(
    render_of: Callable[..., Render],
) -> None:
    objects = [each for case in about() for each in case.own]
    many = render_of("{}")
    schema = {"type": "object", "properties": {f"field{index}": {"type": "string"} for index in range(3000)}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    for index in range(100):
        names = {"kind": f"Kind{index}", "plural": f"kinds{index}"}
        spec = {"group": "example.org", "scope": "Cluster", "names": names, "versions": [version]}
        metadata = {"name": f"kinds{index}.example.org"}
        body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        many.resources.append(
            Resource("app", {**body, "metadata": metadata, "spec": spec}, Origin("crds", True))
        )
    many.resources.extend(objects * (900 // len(objects) + 1))
    started = time.process_time()
    run(dataclasses.replace(many, tree=ROOT), EVERY)
    assert time.process_time() - started < 3
