"""Changes by structure: each kind of step, and what is said where the place is not there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.preflight.changes import PlaceError, change, put, remove, steps

KEYS = st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=1, max_size=5)


def tree() -> dict[str, Any]:
    return {"a": {"b.c": 1}, "items": [{"name": "x", "n": 1}, {"name": "y", "n": 2}], "words": ["p", "q"]}


@pytest.mark.parametrize(
    ("path", "value", "made"),
    [
        ("a[b.c]", 2, {"a": {"b.c": 2}}),
        ("a.d", {"e": 1}, {"a": {"b.c": 1, "d": {"e": 1}}}),
        ("items[1].n", 3, {"items": [{"name": "x", "n": 1}, {"name": "y", "n": 3}]}),
        ("items[name=x]", "z", {"items": ["z", {"name": "y", "n": 2}]}),
        ("items[name=y].m", 0, {"items": [{"name": "x", "n": 1}, {"name": "y", "n": 2, "m": 0}]}),
        ("words[=q]", "r", {"words": ["p", "r"]}),
        ("words[+]", "r", {"words": ["p", "q", "r"]}),
    ],
)
def test_what_lies_at_a_path_is_set(path: str, value: object, made: dict[str, Any]) -> None:
    changed = tree()
    put(changed, path, value)
    assert changed == {**tree(), **made}


def test_what_lies_at_a_path_is_removed_after_all_is_set() -> None:
    changed = tree()
    change(changed, {"words[+]": "r"}, ["words[=p]", "items[name=x].n", "a"])
    assert changed == {"items": [{"name": "x"}, {"name": "y", "n": 2}], "words": ["q", "r"]}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("b.c", r"b\.c: there is no b"),
        ("items[name=z].n", r"items\[name=z\]\.n: \[name=z\] is there 0 times"),
        ("items.name", r"items\.name: name is of a list"),
        ("a]b", "a]b: no path"),
    ],
)
def test_a_place_that_is_not_there_is_named(path: str, message: str) -> None:
    with pytest.raises(PlaceError, match=message):
        put(tree(), path, 1)


def test_nothing_is_removed_twice() -> None:
    with pytest.raises(PlaceError, match=r"a\.x: there is nothing to remove"):
        remove(tree(), "a.x")


@given(st.lists(KEYS, min_size=1, max_size=4))
def test_a_path_of_keys_in_brackets_has_those_steps(keys: list[str]) -> None:
    assert steps("".join(f"[{key}]" for key in keys)) == [f"[{key}]" for key in keys]
