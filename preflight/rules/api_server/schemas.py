"""The rules of schemas: every object against the schema of its kind, and every table against its CRD."""

from collections.abc import Iterator
from functools import partial

from preflight.findings import Fault, Faults, Problem, Problems
from preflight.registry import schema_rule
from preflight.render.cluster import Render
from preflight.render.resources import Resource
from preflight.schemas import tables
from preflight.schemas.check import judged

REASONS = {
    "schema-unknown-kind": "the API server knows only the kinds that it or an installed CRD serves",
    "schema-not-served": "an alpha or beta version is served only where the API server was told so",
    "schema-unknown-field": "a misspelt field is refused, or dropped without a word",
    "schema-type": "a value of another type is refused",
    "schema-required": "an object without a required field is refused",
    "schema-enum": "a value that is none of the listed ones is refused",
    "schema-duplicate": "server-side apply refuses a list that names the same thing twice",
    "schema-value": "a value outside its pattern, range or alternatives is refused",
}
# Still served, and to be gone some day.
DEPRECATED = {("", "v1", "ComponentStatus"), ("", "v1", "Endpoints")}


def _of_rule(identifier: str, render: Render) -> Problems:
    for resource, each in judged(render).violations.get(identifier, []):
        yield Problem(resource, each.field, each.message)


for _identifier, _reason in REASONS.items():
    schema_rule(_identifier, _reason)(partial(_of_rule, _identifier))


def _of_ours(render: Render) -> list[Resource]:
    return [each for each in render.resources if not each.origin.upstream]


@schema_rule(
    "schema-deprecated",
    "a deprecated version goes away with an upgrade, and takes the object with it",
    of=_of_ours,
)
def deprecated(render: Render, resource: Resource) -> Faults:
    """Objects of ours in a version that is on its way out."""
    group, version, kind = resource.group, resource.version, resource.kind
    table = tables.load(render.tree / tables.FOLDER, group, kind, version) or {}
    if (group, version, kind) in DEPRECATED or table.get("deprecated"):
        yield "apiVersion", "this version is deprecated; write a newer one"


@schema_rule(
    "schema-table",
    "a table that is not of the CRD which is installed checks against the wrong fields",
    of="CustomResourceDefinition",
)
def table_current(render: Render, definition: Resource) -> Iterator[Fault]:
    """Tables that are missing, or were made of another release's CRD."""
    for version in tables.versions_of(definition):
        table = tables.load(render.tree / tables.FOLDER, version.group, version.kind, version.name)
        if table is None or table.get(tables.DIGEST, version.digest) != version.digest:
            what = "has no schema table" if table is None else "is not what its schema table was made of"
            message = f"{version.kind} {version.name} {what}; run `preflight schemas`"
            cause = f"{tables.FOLDER} is not of the CRDs that are rendered"
            yield Fault("spec.versions", message, cause)
