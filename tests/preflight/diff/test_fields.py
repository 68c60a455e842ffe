"""The difference of two values: empty of a value with itself, and enough to make one of the other."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.diff.fields import applied, difference, same
from preflight.diff.paths import overlaps, shown, starts

names = st.text("abc-.1", min_size=1, max_size=3)
scalars = st.none() | st.booleans() | st.integers(0, 2) | st.floats(0, 2) | st.text("ab\n1", max_size=3)
containers = st.fixed_dictionaries(
    {"name": names}, optional={"image": names, "env": st.lists(st.fixed_dictionaries({"name": names}))}
)
ports = st.fixed_dictionaries(
    {"containerPort": st.integers(1, 3) | names}, optional={"protocol": st.sampled_from(["TCP", "UDP"])}
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.dictionaries(names, inner, max_size=4)
        | st.lists(inner, max_size=4)
        | st.lists(containers, max_size=4)
        | st.lists(ports, max_size=3)
    ),
    max_leaves=15,
)


@given(values)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert list(difference(value, yaml.safe_load(yaml.safe_dump(value)))) == []


@settings(max_examples=400)
@given(values, values)
def test_the_changes_make_one_of_the_other(before: Any, after: Any) -> None:
    changes = list(difference(before, after))
    assert same(applied(before, changes), after)
    assert bool(changes) != same(before, after)


@given(st.lists(containers, min_size=1, max_size=4, unique_by=lambda each: each["name"]), st.randoms())
def test_named_elements_are_found_wherever_they_stand(elements: list[Any], random: Any) -> None:
    shuffled = random.sample(elements, len(elements))
    changes = list(difference({"containers": elements}, {"containers": shuffled}))
    assert all(change.reordered for change in changes)
    assert len(changes) == (elements != shuffled)


def paths(before: str, after: str) -> list[str]:
    return [shown(change.path) for change in difference(yaml.safe_load(before), yaml.safe_load(after))]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{a: {b: 1}}", "{a: {b: 2}}", ["a.b"]),
        ("{a: 1}", "{a: '1'}", ["a"]),
        ("{a: 1}", "{a: true}", ["a"]),
        ("{a: [1]}", "{a: [true]}", ["a"]),
        ("{a: null}", "{}", ["a"]),
        ("{l: {app/part: x}}", "{l: {app/part: y}}", ['l["app/part"]']),
        (
            "{c: [{name: web, image: a}]}",
            "{c: [{name: init}, {name: web, image: b}]}",
            ["c[web].image", "c[init]", "c"],
        ),
        ("{p: [{containerPort: 80}]}", "{p: [{containerPort: 80, name: x}]}", ["p[containerPort=80].name"]),
        (
            "{p: [{port: 53, protocol: TCP}, {port: 53, protocol: UDP}]}",
            "{p: [{port: 53, protocol: TCP}, {port: 53, protocol: UDP, targetPort: 5}]}",
            ["p[port=53/UDP].targetPort"],
        ),
        (
            "{m: [{name: a, mountPath: /x}, {name: a, mountPath: /y}]}",
            "{m: [{name: a, mountPath: /x}, {name: a, mountPath: /y, readOnly: true}]}",
            ["m[mountPath=/y].readOnly"],
        ),
        (
            "{subjects: [{kind: User, name: a}, {kind: Group, name: a}]}",
            "{subjects: [{kind: User, name: a}]}",
            ["subjects[Group/a]"],
        ),
        ("{rules: [{verbs: [get]}]}", "{rules: [{verbs: [get, list]}]}", ["rules[0].verbs"]),
        ("{args: [a, b]}", "{args: [x, a, b]}", ["args"]),
    ],
)
def test_a_change_is_told_by_its_field(before: str, after: str, expected: list[str]) -> None:
    assert paths(before, after) == expected


def test_a_path_is_below_or_holds_another() -> None:
    assert starts(("spec", "selector", "a"), "spec.selector")
    assert not starts(("spec",), "spec.selector")
    assert overlaps(("spec",), "spec.selector")
    assert not overlaps(("spec", "replicas"), "spec.selector")
