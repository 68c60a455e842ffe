"""A CRD's structural schema as a strict JSON Schema: what the API server accepts, and no field more.

The rules are those of Kubernetes' "structural schemas": a field that is not listed is pruned, and refused by
strict field validation, unless the node says `x-kubernetes-preserve-unknown-fields`. Below `allOf`, `anyOf`,
`oneOf` and `not` stand conditions on values only, which never make a field unknown.
"""

from typing import Any

Schema = dict[str, Any]

KEPT = (
    "enum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "pattern",
    "required",
    "type",
    "uniqueItems",
)
FORMATS = {"byte", "date-time", "duration"}  # the ones that CRDs use and the API server checks
ANY_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
PRESERVE = "x-kubernetes-preserve-unknown-fields"
CEL = "x-kubernetes-validations"


def strict(schema: Schema) -> Schema:
    """The schema of a whole object, as the API server applies it."""
    return _node({"type": "object", **schema, "x-kubernetes-embedded-resource": True})


def cel_rules(schema: Any) -> int:
    """How many rules in CEL it has: they are left to the API server."""
    if isinstance(schema, list):
        return sum(map(cel_rules, schema))
    if not isinstance(schema, dict):
        return 0
    own = schema.get(CEL)
    return (len(own) if isinstance(own, list) else 0) + sum(map(cel_rules, schema.values()))


def _node(schema: Schema) -> Schema:
    made = _values(schema)
    properties = {name: _node(below) for name, below in (schema.get("properties") or {}).items()}
    if schema.get("x-kubernetes-embedded-resource"):
        properties.update(_object_fields(schema))
    if properties:
        made["properties"] = properties
    if "items" in schema:
        made["items"] = _node(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _node(schema["additionalProperties"])
    elif _closed(schema):
        made["additionalProperties"] = False
    _defaults(made, schema)
    _lists(made, schema)
    return made


def _object_fields(schema: Schema) -> Schema:
    """What every object has; its metadata is checked elsewhere, but for the conditions that are set here."""
    metadata = (schema.get("properties") or {}).get("metadata") or {}
    text = {"type": "string"}
    return {"apiVersion": text, "kind": text, "metadata": {"type": "object", **_condition(metadata)}}


def _closed(schema: Schema) -> bool:
    return (
        schema.get("type") == "object" and not schema.get(PRESERVE) and "additionalProperties" not in schema
    )


def _values(schema: Schema) -> Schema:
    """What holds of a value, whatever its fields."""
    made = {key: schema[key] for key in KEPT if key in schema}
    if schema.get("format") in FORMATS:
        made["format"] = schema["format"]
    made.update(_bounds(schema))
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            made[key] = [_condition(each) for each in schema[key]]
    if "not" in schema:
        made["not"] = _condition(schema["not"])
    if schema.get("x-kubernetes-int-or-string"):
        _int_or_string(made)
    if schema.get("nullable"):
        _nullable(made)
    return made


def _condition(schema: Schema) -> Schema:
    made = _values(schema)
    if "properties" in schema:
        made["properties"] = {name: _condition(below) for name, below in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            made[key] = _condition(schema[key])
    return made


def _bounds(schema: Schema) -> Schema:
    """OpenAPI says `exclusiveMinimum: true` beside a minimum."""
    made = {"minimum": schema.get("minimum"), "maximum": schema.get("maximum")}
    for key, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True:
            made[exclusive] = made.pop(key)
    return {key: bound for key, bound in made.items() if bound is not None}


def _int_or_string(made: Schema) -> None:
    made["type"] = ["integer", "string"]
    if made.get("anyOf") == ANY_INT_OR_STRING:
        del made["anyOf"]
    others = [each for each in made.pop("allOf", []) if each != {"anyOf": ANY_INT_OR_STRING}]
    if others:
        made["allOf"] = others


def _nullable(made: Schema) -> None:
    types = made.get("type", [])
    if types:
        made["type"] = [*([types] if isinstance(types, str) else types), "null"]
    if "enum" in made:
        made["enum"] = [*made["enum"], None]


def _defaults(made: Schema, schema: Schema) -> None:
    """The server fills in defaults before it looks for required fields."""
    filled = {name for name, below in (schema.get("properties") or {}).items() if "default" in below}
    required = [name for name in made.pop("required", []) if name not in filled]
    if required:
        made["required"] = sorted(required)


def _lists(made: Schema, schema: Schema) -> None:
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        made["uniqueItems"] = True
    elif kind == "map":
        made["x-kubernetes-list-map-keys"] = sorted(schema["x-kubernetes-list-map-keys"])
