"""Katib's arithmetic and its shell, as its own code has them; the rules' manifests are in test_schemas.py."""

import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from katib.checks.algorithms import SETTINGS
from katib.checks.command import _ends_without_metrics, _words
from katib.experiment import Parameter, number
from katib.grid import combinations
from katib.substitution import sample
from preflight.render import kubernetes_yaml


def parameter(kind: str, **space: Any) -> Parameter:
    return Parameter("spec.parameters[0]", {"name": "p", "parameterType": kind, "feasibleSpace": space})


@given(st.integers(-50, 50), st.integers(0, 60), st.integers(1, 9))
def test_a_grid_has_as_many_whole_numbers_as_a_range(low: int, width: int, step: int) -> None:
    # As HyperParameterSearchSpace.convert_to_combinations of Katib v0.19.0.
    expected = len(range(low, low + width + 1, step))
    assert combinations(parameter("int", min=str(low), max=str(low + width), step=str(step))) == expected


@pytest.mark.parametrize(
    ("low", "high", "step", "points"),
    [("0.1", "0.3", "0.1", 3), ("0.1", "0.7", "0.2", 3), ("0", "1", "0.1", 11), ("1", "1", "0.5", 1)],
)
def test_a_grid_counts_doubles_with_katibs_rounding(low: str, high: str, step: str, points: int) -> None:
    assert combinations(parameter("double", min=low, max=high, step=step)) == points


def test_a_space_that_cannot_be_read_has_no_count() -> None:
    for space in ({"min": "a", "max": "2"}, {"min": "3", "max": "2"}, {"min": "1", "max": "2", "step": "-1"}):
        assert combinations(parameter("int", **space)) is None
    assert combinations(parameter("double", min="0", max="1")) is None


def test_a_fine_grid_is_counted_without_making_it() -> None:
    assert combinations(parameter("double", min="0", max="1", step="1e-12")) == 10**12 + 1


@given(st.text() | st.floats().map(str) | st.integers().map(str))
def test_a_number_is_one_that_python_reads_too(text: str) -> None:
    value = number(text)
    if value is not None:
        assert float(text) == pytest.approx(float(value), nan_ok=False)


def test_what_is_no_finite_number_is_none() -> None:
    assert [number(each) for each in (None, "", "abc", "nan", "inf", "1_000", "0x10")] == [None] * 7
    assert number("1e-3") == number("0.001")


@given(st.sampled_from(sorted(SETTINGS)), st.text(max_size=5))
def test_a_setting_never_fails_on_a_value(algorithm: str, value: str) -> None:
    for setting in SETTINGS[algorithm].values():
        assert setting.accepts(value) in {True, False}


@pytest.mark.parametrize(
    ("script", "lost"),
    [
        ("train --lr 1", False),
        ("train --lr 1; echo done", True),
        ("train && echo done", True),
        ("train\nexit 0", True),
        ("set -e\ncd /src\ntrain", False),
        ("train | tee log", False),
        ("echo loss=0.1", False),
        ("x=$(train); echo loss=$x", False),
        ("prepare; train", False),
        ("train \\\n  --lr 1", False),
        ("", False),
    ],
)
def test_a_script_whose_last_command_only_says_it_is_done_loses_its_metrics(script: str, lost: bool) -> None:
    assert _ends_without_metrics(script) is lost


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("--lr=${trialParameters.lr}", True),
        ("--home=$(HOME)", True),
        ("/usr/bin/python3", True),
        ("print(1)", False),
        ("two words", False),
        ("it's", False),
        ("$HOME", False),
        ("*.py", False),
        ("a;b", False),
        ("", False),
    ],
)
def test_a_word_that_a_shell_would_read_differently_is_found(word: str, plain: bool) -> None:
    assert (list(_words([word], "command")) == []) is plain


@settings(deadline=None)
@given(st.lists(st.sampled_from(["lr", "depth", "kind"]), unique=True), st.randoms())
def test_a_sample_trial_has_a_value_in_every_placeholder(names: list[str], order: random.Random) -> None:
    spaces = {"lr": {"min": "0.1", "max": "1"}, "depth": {"min": "2"}, "kind": {"list": ["unet", "other"]}}
    words = [f"--{name}=${{trialParameters.{name}}}" for name in names]
    order.shuffle(words)
    entries = [{"name": name, "reference": name} for name in names]
    experiment = {
        "spec": {
            "parameters": [{"name": name, "feasibleSpace": spaces[name]} for name in names],
            "trialTemplate": {"trialParameters": entries, "trialSpec": {"args": words, "n": 1}},
        }
    }
    values = {"lr": "0.1", "depth": "2", "kind": "unet"}
    expected = [f"{word.partition('=')[0]}={values[word.partition('=')[0].strip('-')]}" for word in words]
    assert sample(experiment) == {"args": expected, "n": 1}


def test_no_placeholder_of_a_sample_is_left_even_where_nothing_fills_it() -> None:
    spec = {"trialTemplate": {"trialSpec": {"a": "${trialParameters.x}${trialParameters.y}"}}}
    assert sample({"spec": spec}) == {"a": "trialtrial"}
    assert sample({"spec": {}}) is None


def test_every_combination_is_counted_once() -> None:
    lists = [["a", "b"], ["1", "2", "3"]]
    counted = [combinations(parameter("categorical", list=each)) for each in lists]
    assert counted == [2, 3]
    assert len(list(itertools.product(*lists))) == 6


def test_what_kustomize_makes_of_a_bound_without_quotes_is_read_as_the_number_that_it_is() -> None:
    text = "{a: 1e-05, b: -2.5E+3, c: 1e5x, d: 0.1, e: 1, f: '1e-05', g: 2026-11-21, h: =}"
    (body,) = kubernetes_yaml.objects(text, "bounds.yaml")
    numbers = {"a": 1e-05, "b": -2500.0, "d": 0.1, "e": 1}
    assert body == {**numbers, "c": "1e5x", "f": "1e-05", "g": "2026-11-21", "h": "="}
