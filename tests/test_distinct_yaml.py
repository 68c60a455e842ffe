"""YAML of people: what is there twice is refused at any depth, what is written over a merge is not."""

import pytest
import yaml

from pylib.distinct_yaml import load


@pytest.mark.parametrize("text", ["a: 1\na: 2", "a: {b: 1, b: 1}", "- {1: x, 0x1: y}", "a: 1\n? a\n: 2"])
def test_a_key_that_is_there_twice_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"(?s)is there twice; keep one of them.*line \d, column \d"):
        load(text)


def test_all_else_is_as_pyyaml_reads_it() -> None:
    text = "base: &base {a: 1, b: 2}\nmade: {<<: *base, b: 3}\n1: x\n'1': y\nlist: [{a: 1}, {a: 2}]\n"
    assert load(text) == yaml.safe_load(text)
    assert load("") is None
    with pytest.raises(yaml.YAMLError, match="unhashable key"):
        load("? [a]\n: 1")
