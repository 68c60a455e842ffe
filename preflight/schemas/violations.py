"""What is wrong with an object by its schema: each with a rule, a field and a sentence."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError

from preflight.schemas import core, tables
from preflight.schemas.explain import explain, wants_shape
from preflight.schemas.structural import Schema

MAP_KEYS = "x-kubernetes-list-map-keys"
RULES = {
    "additionalProperties": "schema-unknown-field",
    "type": "schema-type",
    "required": "schema-required",
    "enum": "schema-enum",
    "uniqueItems": "schema-duplicate",
    MAP_KEYS: "schema-duplicate",
}
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")
DURATION = re.compile(r"[+-]?(0|((\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|h|d|w)\s*)+)$")
KEY_DEFAULTS = {"protocol": "TCP"}


@dataclass(frozen=True)
class Violation:
    """One thing that the API server would refuse.

    rule: its id; field: dotted path in the object; message: a sentence with the likely fix
    shape: whether a mapping or a list is something else, so that nothing more can be said of the object
    """

    rule: str
    field: str
    message: str
    shape: bool = False


class Validator:
    """A compiled schema, with the document it stands in for explanations."""

    def __init__(self, document: Schema, reference: str = "") -> None:
        self.document = document
        self._compiled = jsonschema_rs.Draft202012Validator(
            {"$ref": reference} if reference else document,
            registry=_registry() if reference else None,
            formats={"byte": _is_base64, "date-time": _matches(DATE_TIME), "duration": _matches(DURATION)},
            validate_formats=True,
            keywords={MAP_KEYS: _MapKeys},
        )

    def violations(self, body: Any) -> Iterator[Violation]:
        """Everything that the schema refuses in `body`."""
        try:
            if self._compiled.is_valid(body):
                return
            for error in self._compiled.iter_errors(without_nulls(body)):
                yield from self._explain(error)
        except ValueError as error:  # what JSON cannot say: a date, bytes, a number as a key
            yield Violation("schema-type", "", f"this is not JSON: {error}; quote the value", shape=True)

    def _explain(self, error: ValidationError) -> Iterator[Violation]:
        rule = RULES.get(error.kind.name, "schema-value")
        shape = error.kind.name == "type" and wants_shape(error, self.document)
        for below, message in explain(error, self.document):
            yield Violation(rule, path([*error.instance_path, *below]), message, shape)


def path(steps: list[str | int]) -> str:
    """`spec.containers[0].name`; a key that has dots itself stands in brackets."""
    text = ""
    for step in steps:
        plain = isinstance(step, str) and not set("./[]") & set(step)
        text += f".{step}" if plain else f"[{step}]"
    return text.removeprefix(".")


def without_nulls(body: Any) -> Any:
    """The object without its null fields: the API server takes them as left out."""
    if isinstance(body, dict):
        return {key: without_nulls(below) for key, below in body.items() if below is not None}
    return [without_nulls(below) for below in body] if isinstance(body, list) else body


def of_kind(folder: Path, group: str, version: str, kind: str) -> Validator | None:
    """The validator of a kind, compiled once; None where there is no schema of it."""
    name = core.kinds().get((group, version, kind))
    return of_core(name) if name else _of_table(folder, group, kind, version)


@cache
def of_core(name: str) -> Validator:
    """The validator of one of Kubernetes' own definitions."""
    return Validator(core.definitions(), f"{core.URI}#/$defs/{name}")


@cache
def _of_table(folder: Path, group: str, kind: str, version: str) -> Validator | None:
    table = tables.load(folder, group, kind, version)
    return Validator(table) if table else None


@cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(core.URI, core.definitions())])


class _MapKeys:
    """The items of a list that is a map: no two with the same keys; server-side apply refuses them."""

    def __init__(self, _parent: Schema, keys: list[str], _path: list[str | int]) -> None:
        self.keys = keys

    def validate(self, items: Any) -> None:
        """Raise ValueError that names what stands there twice."""
        if not isinstance(items, list):
            return
        seen = set()
        for item in filter(lambda item: isinstance(item, dict), items):
            key = tuple(str(item.get(key, KEY_DEFAULTS.get(key))) for key in self.keys)
            if key in seen:
                what = ", ".join(f"{name} {value}" for name, value in zip(self.keys, key, strict=True))
                raise ValueError(f"{what} stands here twice; keep one")
            seen.add(key)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return False
    return True


def _matches(pattern: re.Pattern[str]) -> Any:
    return lambda text: bool(pattern.match(text))
