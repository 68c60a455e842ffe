"""Specifications against the fields that the installed release has."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from preflight.findings import Faults, Problem, Problems
from preflight.platform.pachyderm_specs import Spec, specs
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.schemas import tables, violations
from preflight.schemas.pachyderm import GROUP, KIND, VERSION, charts, comment_of
from preflight.schemas.violations import Validator, Violation


@rule(
    "pachyderm-schema",
    "pachd refuses a specification with a field or a value that it does not know",
    of=specs,
)
def pachyderm_schema(render: Render, spec: Spec) -> Faults:
    """Every field is one of the release's, and of its type."""
    if spec.broken:
        yield "", f"it cannot be read: {spec.broken}; fix it"
    for each in violated(render, spec):
        yield each.field, each.message


@rule(
    "pachyderm-table", "a table of another release checks pipelines against fields that pachd does not have"
)
def table_current(render: Render) -> Problems:
    """The table is of the release that is installed."""
    for application, base in charts(render):
        table = tables.load(render.tree / tables.FOLDER, GROUP, KIND, VERSION)
        made_of = (table or {}).get("$comment", "")
        if made_of != comment_of(base):
            what = f"the table of pipelines is {made_of}" if table else "there is no table of pipelines"
            message = f"{what}, and this is {base}; run `preflight schemas`"
            yield Problem(application, "spec.sources", message)


def violated(render: Render, spec: Spec) -> list[Violation]:
    """What the schema has against a specification."""
    validator = _validator(render.tree / tables.FOLDER)
    return list(validator.violations(violations.without_nulls(spec.body))) if validator else []


def sound(render: Render) -> Iterator[Spec]:
    """The specifications that are of the right shape, of which more can be said."""
    return (spec for spec in specs(render) if not (spec.broken or violated(render, spec)))


@cache
def _validator(folder: Path) -> Validator | None:
    table = tables.load(folder, GROUP, KIND, VERSION)
    return Validator(table) if table else None
