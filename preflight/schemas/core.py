"""Kubernetes' own kinds: the OpenAPI definitions of one release, completed by what they tell in prose only.

The definitions are those of the library kubernetes-validate, which carries them for every release. They leave
out the values of enumerations and the ranges of integers, which the API server knows; both are added here.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import yaml

from preflight.errors import ClusterError
from preflight.quantities import PATTERN
from preflight.render.build_chart import KUBERNETES
from preflight.schemas.structural import FORMATS, Schema

INT32 = (-(2**31), 2**31 - 1)
URI = "kubernetes:core"
Kind = tuple[str, str, str]
MACHINERY = "io.k8s.apimachinery.pkg.apis.meta"  # what clients and servers exchange: nobody applies it
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
# The definitions require them, and the API server fills them in.
DEFAULTED = {"rbac/v1.RoleRef": "apiGroup", "scheduling/v1.PriorityClass": "value"}
COUNTS = {"backoffLimit", "completions", "minReadySeconds", "parallelism", "replicas", "revisionHistoryLimit"}


@cache
def _enums() -> dict[str, list[str]]:
    """The values of each field that is an enumeration."""
    listed = yaml.safe_load(Path(__file__).with_name("enums.yaml").read_text(encoding="utf-8"))
    return {field: each["values"] for each in listed for field in each["of"]}


@cache
def definitions() -> Schema:
    """The document of all definitions, under `$defs`, strict."""
    document: Schema = json.loads(_file().read_text(encoding="utf-8"))
    made: dict[str, Schema] = document["$defs"]
    for name, definition in made.items():
        filled = DEFAULTED.get(_short(name))
        required = [field for field in definition.get("required", []) if field != filled]
        definition["required"] = required
        for field, schema in (definition.get("properties") or {}).items():
            values = _enums().get(f"{_short(name)}.{field}", [])
            _complete(schema, values, required=field in required)
            _without_null_items(schema, made)
            if field in COUNTS:
                schema["minimum"] = 0
    made[INT_OR_STRING] = {"type": ["integer", "string", "null"]}
    made[QUANTITY] = {"type": ["number", "string", "null"], "pattern": PATTERN}
    return document


@cache
def kinds() -> dict[Kind, str]:
    """The definition's name of every group, version and kind."""
    return {
        (kind["group"], kind["version"], kind["kind"]): name
        for name, definition in definitions()["$defs"].items()
        for kind in definition.get("x-kubernetes-group-version-kind", [])
        if MACHINERY not in name
    }


@cache
def groups() -> frozenset[str]:
    """The API groups that are Kubernetes' own."""
    definitions_of = (
        each.get("x-kubernetes-group-version-kind", []) for each in definitions()["$defs"].values()
    )
    return frozenset(kind["group"] for kinds_of in definitions_of for kind in kinds_of)


def served(version: str) -> bool:
    """Whether a version of a group of Kubernetes' own is served unless somebody switches it off."""
    return "alpha" not in version and "beta" not in version


def _file() -> Path:
    release = ".".join(KUBERNETES.split(".")[:2])
    found = find_spec("kubernetes_validate")
    if not found or not found.origin:
        raise ClusterError("kubernetes-validate is not installed; run `make environments`")
    folder = Path(found.origin).with_name("kubernetes-json-schema") / f"v{release}.0-local-strict"
    if not folder.is_dir():
        raise ClusterError(f"kubernetes-validate knows nothing of Kubernetes {release}; pin a later one")
    return folder / "_definitions.json"


def _short(name: str) -> str:
    """`io.k8s.api.core.v1.Container` as `core/v1.Container`."""
    group, version, kind = name.rsplit(".", 3)[-3:]
    return f"{group}/{version}.{kind}"


def _without_null_items(schema: Schema, definitions_of: dict[str, Schema]) -> None:
    """The definitions allow null in every list, and nobody means it."""
    items = schema.get("items", {})
    if "$ref" in items:
        if "properties" in definitions_of[items["$ref"].rpartition("/")[2]]:
            items["type"] = "object"
    elif isinstance(items.get("type"), list):
        items["type"] = items["type"][0]


def _complete(schema: Schema, values: list[str], *, required: bool) -> None:
    """Add values and range; an optional field may be left empty, which is as good as leaving it out."""
    if values:
        below = schema.get("items", schema)
        below["enum"] = [*values] if required or below is not schema else [*values, "", None]
    written = schema.pop("format", None)
    if written == "int32":
        schema["minimum"], schema["maximum"] = INT32
    elif written in FORMATS:
        schema["format"] = written
