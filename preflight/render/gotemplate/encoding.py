"""Sprig's functions that read and write JSON and YAML, and those that ask what a value is."""

import json
import re
from typing import Any

import yaml

from preflight.render.gotemplate.functions import function
from preflight.render.gotemplate.values import TemplateError, go_data, is_number, kind


@function("any*", names=("toJson", "mustToJson"))
def to_json(*values: Any) -> str:
    return re.sub(
        r"[<>&]",
        lambda match: f"\\u{ord(match[0]):04x}",
        json.dumps(_plain(values[0]), separators=(",", ":"), sort_keys=True, ensure_ascii=False),
    )


@function("any", names=("toYaml",))
def to_yaml(value: Any) -> str:
    """The same YAML as Go's; a text that looks like a number has other quotes."""
    return (
        yaml.safe_dump(_plain(value), allow_unicode=True, width=10**9)
        .removesuffix("\n")
        .removesuffix("\n...")
    )


def _plain(value: Any) -> Any:
    """Floats without a fraction as JSON and YAML write them in Go: whole."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if is_number(value) and not isinstance(value, float):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value  # noqa: PLR2004


@function("str", names=("fromJson", "mustFromJson", "fromYaml", "fromYamlArray"))
def from_yaml(text: str) -> Any:
    try:
        return go_data(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise TemplateError(f"error converting YAML to JSON: {' '.join(str(error).split())}") from error


@function("any", names=("kindOf",))
def kind_of(value: Any) -> str:
    return "invalid" if value is None else kind(value)


@function("str", "any", names=("kindIs",))
def kind_is(expected: str, value: Any) -> bool:
    return bool(kind_of(value) == expected)


@function("str")
def fail(message: str) -> str:
    raise TemplateError(f"error calling fail: {message}")
