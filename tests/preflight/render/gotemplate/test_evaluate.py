"""Templates evaluated as Go evaluates them: tests/manifests/gotemplate holds Go's own answers."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preflight.render.gotemplate import functions
from preflight.render.gotemplate.evaluate import render
from preflight.render.gotemplate.names import SPRIG
from preflight.render.gotemplate.strings import normalized
from preflight.render.gotemplate.values import NotKnownError, TemplateError, go_data, number
from preflight.render.sets.substitution import Language

ANSWERS = Path(__file__).parents[3] / "manifests/gotemplate/answers.yaml"
GO: dict[str, Any] = yaml.safe_load(ANSWERS.read_text())
PLAIN = st.text(st.characters(codec="ascii", exclude_characters="{}"), max_size=40)


@pytest.mark.parametrize("strict", [False, True])
def test_every_answer_is_gos(strict: bool) -> None:
    for row in GO["strict" if strict else "go"]:
        if "error" in row:
            with pytest.raises(TemplateError):
                render(row["template"], go_data(GO["params"]), missing_is_error=strict)
        else:
            made = render(row["template"], go_data(GO["params"]), missing_is_error=strict)
            assert made == row["result"], row["template"]


def test_without_go_templates_only_texts_are_put_in() -> None:
    for row in GO["fast"]:
        if "result" in row:
            assert Language(go=False).text(row["template"], GO["flat"]) == row["result"], row["template"]


def test_what_is_not_evaluated_here_is_never_guessed() -> None:
    for name in ("genCA", "now", "env_is_no_function"):
        known = name in SPRIG
        with pytest.raises(NotKnownError if known else TemplateError, match=name):
            render(f"{{{{if false}}}}{{{{{name}}}}}{{{{end}}}}", {})


def test_every_function_that_is_evaluated_is_one_that_argo_cd_has() -> None:
    assert functions.KNOWN.keys() <= SPRIG


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{.a.b}}", 'map has no entry for key "b"'),
        ("{{index .list 3}}", "index out of range: 3"),
        ("{{.n | lower}}", "wrong type for value; lower expects string; got float64"),
        ("{{nope .n}}", 'function "nope" not defined'),
        ("{{if .n}}", "an `end` is missing"),
    ],
)
def test_a_refusal_says_what_go_says(template: str, said: str) -> None:
    with pytest.raises(TemplateError) as error:
        render(template, {"a": {}, "list": [], "n": 1.0}, missing_is_error=True)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@given(PLAIN)
def test_text_without_actions_stays_as_it_is(text: str) -> None:
    assert render(text, {}) == text


@given(PLAIN)
def test_a_literal_is_itself(text: str) -> None:
    assert render("{{.text}}", {"text": text}) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_go_writes_it_reads_back(value: float) -> None:
    assert float(number(value)) == value


@given(st.text(max_size=300))
def test_a_normalized_name_is_a_dns_name_or_nothing(text: str) -> None:
    name = normalized(text)
    assert len(name) <= 253
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert name == name.strip("-.")
    assert normalized(name) == name
