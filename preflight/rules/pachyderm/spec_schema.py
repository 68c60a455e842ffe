"""Specifications against the fields that the installed release has."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from preflight.findings import Faults
from preflight.platform.pachyderm_specs import Spec, specs
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.schemas import tables, violations
from preflight.schemas.pachyderm import GROUP, KIND, VERSION
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
