"""A validator's error as a sentence that tells the likely fix."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from preflight.quantities import PATTERN
from preflight.schemas.structural import Schema
from preflight.schemas.suggest import closest, did_you_mean

Steps = list[str | int]
LONGEST = 60
# Kubernetes' own, and the one that controller-gen writes into CRDs.
QUANTITIES = {
    PATTERN,
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",
}
NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}


def explain(error: ValidationError, document: Schema) -> Iterator[tuple[Steps, str]]:
    """Each part of an error: the steps below its place, and the sentence."""
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.AdditionalProperties):
        known = _at(document, error.schema_path[:-1]).get("properties", {})
        for name in kind.unexpected:
            yield [name], f"there is no field {name}{did_you_mean(name, known)}"
    elif isinstance(kind, ValidationErrorKind.Required):
        yield [str(kind.property)], "this field is required and missing"
    else:
        sentence = SENTENCES.get(kind.name, _other)
        yield [], sentence(error, _at(document, error.schema_path[:-1]))


def wants_shape(error: ValidationError, document: Schema) -> bool:
    """Whether an error of type is about a mapping or a list, not about one value."""
    wanted = _at(document, error.schema_path[:-1]).get("type", [])
    return isinstance(error.instance, (dict, list)) or bool({"array", "object"} & {*_types(wanted)})


def _types(wanted: str | list[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else [name for name in wanted if name != "null"]


def _type(error: ValidationError, schema: Schema) -> str:
    names = _types(schema.get("type", []))
    told = " or ".join(NAMES[name] for name in names)
    hint = ""
    if names == ["string"] and not isinstance(error.instance, (dict, list)):
        hint = "; put it in quotes"
    elif isinstance(error.instance, str) and {"integer", "number", "boolean"} & set(names):
        hint = "; take the quotes away"
    return f"{_short(error.instance)} is not {told}{hint}"


def _enum(error: ValidationError, schema: Schema) -> str:
    known = sorted(str(value) for value in schema["enum"] if value not in {None, ""})
    near = closest(str(error.instance), known)
    hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
    return f"{_short(error.instance)} is no value of this field; {hint}"


def _pattern(error: ValidationError, schema: Schema) -> str:
    if schema["pattern"] in QUANTITIES:
        return f"{_short(error.instance)} is no quantity; write such as 500m or 2Gi"
    return f"{_short(error.instance)} does not match {schema['pattern']}"


def _format(error: ValidationError, schema: Schema) -> str:
    what = {"byte": "base64", "date-time": "a date and time as in RFC 3339", "duration": "a duration, 1h30m"}
    return f"{_short(error.instance)} is not {what[schema['format']]}"


def _bound(error: ValidationError, schema: Schema) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum", "-∞"))
    high = schema.get("maximum", schema.get("exclusiveMaximum", "∞"))
    return f"{_short(error.instance)} is out of range; it lies between {low} and {high}"


def _size(error: ValidationError, schema: Schema) -> str:
    keyword = error.kind.name
    least = "at least" if keyword.startswith("min") else "at most"
    what = {"Items": "items", "Length": "characters", "Properties": "fields"}[keyword[3:]]
    return f"it needs {least} {schema[keyword]} {what}"


def _unique(_error: ValidationError, _schema: Schema) -> str:
    return "an item stands in this list twice; keep one"


def _alternatives(error: ValidationError, schema: Schema) -> str:
    needed = [each["required"] for each in schema[error.kind.name] if "required" in each]
    told = f"; the choices are {', '.join(' and '.join(fields) for fields in needed)}" if needed else ""
    many = isinstance(error.kind, ValidationErrorKind.OneOfMultipleValid)
    return f"{'more than one' if many else 'none'} of the alternatives that this field has is given{told}"


def _custom(error: ValidationError, _schema: Schema) -> str:
    return error.message


def _other(error: ValidationError, _schema: Schema) -> str:
    """`not` and the like: which condition is broken is all that can be told."""
    return f"{_short(error.instance)} breaks the condition {error.kind.name} of its schema"


SENTENCES: dict[str, Callable[[ValidationError, Schema], str]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _bound),
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength"), _size),
    **dict.fromkeys(("minProperties", "maxProperties"), _size),
    "uniqueItems": _unique,
    "oneOf": _alternatives,
    "anyOf": _alternatives,
    "x-kubernetes-list-map-keys": _custom,
}


def _at(document: Schema, steps: Steps) -> Schema:
    """The schema at a path of the document."""
    node: Any = document
    for step in steps:
        node = node[step]
    return dict(node)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
