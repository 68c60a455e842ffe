"""The compact schema tables of custom kinds: made from the CRDs of a render, kept in `cluster-conf/schemas/`.

One file a kind and version, `GROUP/KIND_VERSION.json`, a strict JSON Schema (2020-12) that other tools read
too. Prose is left out and what is identical is written once. Each table tells where it is from and the digest
of the CRD's schema, so that a CRD that moved on without its table is found.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from preflight.render.cluster import Render
from preflight.render.resources import Resource
from preflight.schemas.sharing import share
from preflight.schemas.structural import Schema, cel_rules, strict

FOLDER = "cluster-conf/schemas"
FORMAT = "2"  # count on when tables are made in another way, so that old ones are found
DIGEST = "x-crd-digest"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Version:
    """One served version of a CRD, with its schema as upstream wrote it."""

    group: str
    kind: str
    name: str
    schema: Schema
    source: str
    deprecated: bool

    @property
    def path(self) -> str:
        """The table's path below the folder of tables."""
        return table_path(self.group, self.kind, self.name)

    @property
    def digest(self) -> str:
        """What the table is made of, and how, in 16 hexadecimal digits."""
        text = FORMAT + json.dumps(self.schema, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def table_path(group: str, kind: str, version: str) -> str:
    """Where a kind's table stands below the folder of tables."""
    return f"{group}/{kind.lower()}_{version}.json"


def versions(render: Render) -> Iterator[Version]:
    """Every served version of every CRD of a render."""
    for definition in render.of("CustomResourceDefinition"):
        yield from versions_of(definition)


def versions_of(definition: Resource) -> Iterator[Version]:
    """Every version that a CRD serves."""
    spec = definition.spec
    for version in spec.get("versions") or []:
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if version.get("served") and schema:
            yield Version(
                str(spec.get("group", "")),
                str((spec.get("names") or {}).get("kind", "")),
                str(version.get("name", "")),
                schema,
                definition.origin.file,
                bool(version.get("deprecated")),
            )


@cache
def load(folder: Path, group: str, kind: str, version: str) -> Schema | None:
    """A kind's table, None where there is none; an alias is followed."""
    file = folder / table_path(group, kind, version)
    if file not in _files(folder):
        return None
    table: Schema = json.loads(file.read_text(encoding="utf-8"))
    if table["title"] != kind:
        return None
    if ".json" in table.get("$ref", ""):
        table = json.loads((file.parent / table["$ref"]).read_text(encoding="utf-8"))
    return table


@cache
def known(folder: Path, group: str) -> frozenset[tuple[str, str]]:
    """The kinds and versions of a group that have a table."""
    files = [file for file in _files(folder) if file.parent.name == group]
    return frozenset(
        (json.loads(file.read_text(encoding="utf-8"))["title"], file.stem.rpartition("_")[2])
        for file in files
    )


@cache
def _files(folder: Path) -> frozenset[Path]:
    """Every table there is: what an object says of itself may be no path, and is never asked for as one."""
    return frozenset(folder.glob("*/*.json"))


def text(version: Version, seen: dict[str, str]) -> str:
    """A table's text: an alias where another version of the kind has the same schema."""
    same = f"{version.group}/{version.kind}/{version.digest}/{version.deprecated}"
    table: Schema = {
        "$schema": DRAFT,
        "title": version.kind,
        "$comment": _comment(version),
        DIGEST: version.digest,
    }
    if version.deprecated:
        table["deprecated"] = True
    if same in seen:
        return lines({**table, "$ref": seen[same]})
    seen[same] = Path(version.path).name
    return lines({**table, **share(strict(version.schema))})


def _comment(version: Version) -> str:
    rules = cel_rules(version.schema)
    left = f"; {rules} rules in CEL are left to the API server" if rules else ""
    return f"from {version.source}{left}"


def lines(table: Schema) -> str:
    """JSON with a line for each definition and each field, so that a changed one shows as one in a diff."""
    return "{\n" + ",\n".join(_entries(table)) + "\n}\n"


def _entries(table: Schema) -> Iterator[str]:
    for key in sorted(table):
        if key in {"$defs", "properties"}:
            below = ",\n".join(f"  {_json(name)}: {_json(table[key][name])}" for name in sorted(table[key]))
            yield f"{_json(key)}: {{\n{below}\n}}"
        else:
            yield f"{_json(key)}: {_json(table[key])}"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
