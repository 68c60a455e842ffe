"""The field table of pipeline specifications, made of upstream's own JSON Schema at the chart's tag."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from preflight.render import bases, remotes
from preflight.render.bases import Base
from preflight.render.cluster import Render
from preflight.render.resources import Resource
from preflight.schemas import tables
from preflight.schemas.structural import Schema

GROUP, KIND, VERSION = "pachyderm.com", "CreatePipelineRequest", "v2"
PATH = tables.table_path(GROUP, KIND, VERSION)
CHART = "etc/helm/pachyderm"
UPSTREAM = "src/internal/jsonschema/pps_v2/CreatePipelineRequest.schema.json"
DEFINITIONS = "#/definitions/"
KEPT = ("enum", "pattern", "type")


def charts(render: Render) -> Iterator[tuple[Resource, Base]]:
    """The applications that install Pachyderm's chart, with its place upstream."""
    for application in render.of("Application"):
        for source in [application.spec.get("source"), *(application.spec.get("sources") or [])]:
            if source and source.get("path") == CHART:
                base = remotes.of_repository(
                    str(source.get("repoURL")), CHART, str(source.get("targetRevision"))
                )
                if base:
                    yield application, base


def make(renders: Iterable[Render]) -> dict[str, str]:
    """The table, path and text; none where no cluster has Pachyderm. Raises BaseMissingError."""
    for render in renders:
        for _, base in charts(render):
            upstream = json.loads((bases.folder(base) / UPSTREAM).read_text(encoding="utf-8"))
            return {PATH: tables.lines(of_schema(upstream, comment_of(base)))}
    return {}


def of_schema(upstream: Schema, comment: str) -> Schema:
    """Upstream's schema without prose and without null, which means the same as left out."""
    definitions = {name: _node(body) for name, body in upstream["definitions"].items()}
    top = definitions.pop(upstream["$ref"].removeprefix(DEFINITIONS))
    return {"$schema": tables.DRAFT, "title": KIND, "$comment": comment, "$defs": definitions, **top}


def named(folder: Path) -> bool:
    """Whether a checkout has the table."""
    return tables.load(folder, GROUP, KIND, VERSION) is not None


def comment_of(base: Base) -> str:
    """What a table says of where it is from."""
    return f"from {base}:{UPSTREAM}"


def _node(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref'].removeprefix(DEFINITIONS)}"}
    given: dict[str, Any] = {key: schema[key] for key in KEPT if key in schema}
    for each in schema.get("oneOf") or []:
        if each.get("type") not in {None, "null"}:
            given["type"] = each["type"]
    if schema.get("format") == "date-time":
        given["format"] = "date-time"
    if "items" in schema:
        given["items"] = _node(schema["items"])
    if given.get("type") == "object":
        below = schema.get("additionalProperties")
        given["properties"] = {key: _node(body) for key, body in (schema.get("properties") or {}).items()}
        given["additionalProperties"] = _node(below) if isinstance(below, dict) else False
    return given
