"""The hyper-parameters of a task in words: type, range, default, meaning; out of its pydantic model.

What a field means is said once, in the docstrings of the model and of its bases, as `name: meaning`.
"""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class Option:
    """One hyper-parameter; each is text, `limits` empty where the type says it all."""

    name: str
    kind: str
    limits: str
    default: str
    meaning: str


def described(config: type[BaseModel]) -> dict[str, Option]:
    """Every field of a model, by name."""
    fields, meanings = config.model_json_schema()["properties"], _meanings(config)
    return {name: _option(name, field, meanings.get(name, "")) for name, field in fields.items()}


def _option(name: str, field: dict[str, Any], meaning: str) -> Option:
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    default = json.dumps(field["default"]) if "default" in field else "required"
    return Option(name, _kind(kinds[0]), _limits(kinds[0]), default, meaning)


def _kind(field: dict[str, Any]) -> str:
    kind = str(field.get("type", "any"))
    return f"[{_kind(field['items'])}, …]" if kind == "array" and "items" in field else _KINDS.get(kind, kind)


_KINDS = {
    "integer": "INTEGER",
    "number": "NUMBER",
    "boolean": "true|false",
    "string": "TEXT",
    "object": "JSON",
}


def _limits(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if "items" in field:
        counts = sorted({str(field[key]) for key in ("minItems", "maxItems") if key in field})
        return ", ".join(
            filter(None, [f"{' to '.join(counts)} of them" if counts else "", _limits(field["items"])])
        )
    low = next((f"{_number(field[key])} {sign} " for key, sign in _LOW.items() if key in field), "")
    high = next((f" {sign} {_number(field[key])}" for key, sign in _HIGH.items() if key in field), "")
    return f"{low}x{high}" if low or high else ""


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


_LOW = {"minimum": "<=", "exclusiveMinimum": "<"}
_HIGH = {"maximum": "<=", "exclusiveMaximum": "<"}


def _meanings(config: type[BaseModel]) -> dict[str, str]:
    """What docstrings say of fields, the model's own before those that it inherits."""
    classes = [
        each for each in reversed(config.__mro__) if issubclass(each, BaseModel) and each is not BaseModel
    ]
    return {name: text for each in classes for name, text in _said(each, list(config.model_fields))}


def _said(documented: type, names: list[str]) -> Iterator[tuple[str, str]]:
    field = re.compile(rf"(?:^|;\s+)({'|'.join(map(re.escape, names))}): ", re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(documented.__doc__ or "")):
        _, *found = field.split(paragraph)
        for name, text in zip(found[::2], found[1::2], strict=True):
            yield name, " ".join(text.split())
