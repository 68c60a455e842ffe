"""From one record to the next: which step made a thing, what went into it, what was made of it."""

from pylib.provenance import statement as records
from pylib.provenance.statement import Statement


def maker(bundle: list[Statement], digest: str) -> Statement | None:
    """The record of the step that made what has this digest; None where there is none."""
    return next(iter(makers(bundle, digest)), None)


def makers(bundle: list[Statement], digest: str) -> list[Statement]:
    """The records of all steps that made what has this digest, such as two runs with the same values."""
    return [s for s in bundle if any(digest in r["digest"].values() for r in s["subject"])]


def trainer(bundle: list[Statement], file: str) -> Statement | None:
    """The record of the step whose output `model` holds this file: what made the model; None if none did."""
    return next((s for s in bundle for r in s["subject"] if r["name"] == f"model/{file}"), None)


def upstream(bundle: list[Statement], statement: Statement) -> list[Statement]:
    """The records of what went into a step, nearest first."""
    found: list[Statement] = []
    for resource in records.dependencies(statement):
        for digest in resource.get("digest", {}).values():
            made = maker(bundle, digest)
            if made is not None and made is not statement and made not in found:
                found += [made, *(s for s in upstream(bundle, made) if s not in found)]
    return found


def downstream(bundle: list[Statement], statement: Statement) -> list[Statement]:
    """The records of the steps that took what this one made."""
    made = {value for r in statement["subject"] for value in r["digest"].values()}
    return [
        other
        for other in bundle
        if other is not statement
        and any(v in made for r in records.dependencies(other) for v in r.get("digest", {}).values())
    ]
