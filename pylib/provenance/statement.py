"""The record of one step: an in-toto Statement v1 with the SLSA provenance v1 predicate.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pylib.errors import ProvenanceError
from pylib.provenance import materials
from pylib.provenance.digests import BUNDLE, canonical

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://in-toto.io/pylib/step/{step}/v1"

Statement = dict[str, Any]


@dataclass(frozen=True)
class Definition:
    """What determines a step's result: its name, its parameters (JSON), its inputs (in-toto resources).

    And its code: what its own module can use on data of its task; of all tasks where none is named, and all
    of pylib where the module is none of pylib's.
    """

    step: str
    parameters: Mapping[str, Any]
    inputs: tuple[Mapping[str, Any], ...] = ()
    module: str = ""
    task: str | None = None

    def code(self) -> list[dict[str, Any]]:
        """Its code and the lock file, as in-toto resources."""
        return materials.code(self.module, self.task)

    def key(self) -> str:
        """SHA-256 over step, parameters, input digests, code, lock file and machine; not times or commits."""
        parts = {
            "step": self.step,
            "parameters": self.parameters,
            "inputs": [{"name": r["name"], "digest": r["digest"]} for r in self.inputs],
            "code": [{"name": r["name"], "digest": r["digest"]} for r in self.code()],
            "machine": materials.machine(),
        }
        return hashlib.sha256(canonical(parts)).hexdigest()


def build_statement(
    definition: Definition, subjects: Iterable[Mapping[str, Any]], started: datetime, finished: datetime
) -> Statement:
    """Make the record and check it against the messages of in-toto's own library."""
    statement = {
        "_type": STATEMENT,
        "subject": list(subjects),
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE.format(step=definition.step),
                "externalParameters": dict(definition.parameters),
                "internalParameters": materials.machine()
                | {"host": materials.host(), "key": definition.key()},
                "resolvedDependencies": [*definition.inputs, *definition.code(), materials.source()],
            },
            "runDetails": {
                "builder": {"id": "https://in-toto.io/pylib/step"},
                "metadata": {
                    "invocationId": str(uuid.uuid4()),
                    "startedOn": _timestamp(started),
                    "finishedOn": _timestamp(finished),
                },
            },
        },
    }
    check(statement)
    return statement


def check(statement: Statement) -> None:
    """Raise ProvenanceError unless this is a valid Statement with a SLSA provenance predicate."""
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
    from in_toto_attestation.v1.statement import Statement as Message
    from in_toto_attestation.v1.statement_pb2 import Statement as Proto

    try:
        Message.copy_from_pb(json_format.ParseDict(statement, Proto())).validate()
        json_format.ParseDict(statement["predicate"], Provenance())
        _read(statement)
    except (json_format.ParseError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ProvenanceError(
            f"provenance: not an in-toto statement ({error}); was the file edited?"
        ) from error


def _read(statement: Statement) -> None:
    """Raise KeyError or the like where a part is missing that all our records have."""
    definition = statement["predicate"]["buildDefinition"]
    _ = step_name(statement), dependencies(statement), seconds(statement)
    _ = {**definition["externalParameters"], **definition["internalParameters"]}


def step_name(statement: Statement) -> str:
    """The step that made the record, from its build type."""
    return str(statement["predicate"]["buildDefinition"]["buildType"]).split("/")[-2]


def seconds(statement: Statement) -> float:
    """How long the step ran."""
    metadata = statement["predicate"]["runDetails"]["metadata"]
    start, end = (datetime.fromisoformat(metadata[name]) for name in ("startedOn", "finishedOn"))
    return (end - start).total_seconds()


def key(statement: Statement) -> str:
    """The cache key that the step was made under."""
    return str(statement["predicate"]["buildDefinition"]["internalParameters"]["key"])


def dependencies(statement: Statement) -> list[dict[str, Any]]:
    """All materials of the step."""
    return list(statement["predicate"]["buildDefinition"]["resolvedDependencies"])


def read_bundle(folder: Path) -> list[Statement]:
    """The records that travel with a folder, its own first; ProvenanceError where there is none."""
    path = folder / BUNDLE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ProvenanceError(f"{folder}: no {BUNDLE} in it; was it made by a pipeline step?") from None
    except OSError as error:
        raise ProvenanceError(f"{path}: not readable ({error}); restore the file") from error
    return parse_bundle(content, path)


def parse_bundle(content: bytes, path: Path | str) -> list[Statement]:
    """The records in the content of a bundle; ProvenanceError, which names the path, where it is damaged."""
    try:
        statements = list(_statements(content.decode("utf-8"), path))
    except ValueError as error:
        raise ProvenanceError(f"{path}: not readable ({error}); restore the file") from error
    if not statements:
        raise ProvenanceError(f"{path}: empty, so it has no record; restore the file")
    return statements


def _statements(text: str, path: Path | str) -> Iterator[Statement]:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            statement = json.loads(line)
        except ValueError as error:
            raise ProvenanceError(
                f"{path}: line {number} is no whole record ({error}); was it cut? Restore the file"
            ) from error
        try:
            check(statement)
        except ProvenanceError as error:
            raise ProvenanceError(f"{path}: line {number}: {error}") from error
        yield statement


def merge(statements: Iterable[Statement]) -> list[Statement]:
    """The same records once each, in the order of their first appearance."""
    return list({canonical(statement): statement for statement in statements}.values())


def write_bundle(folder: Path, statements: Iterable[Statement]) -> None:
    """Put the records into a folder: in-toto's bundle format, one statement a line."""
    (folder / BUNDLE).write_bytes(b"".join(canonical(s) + b"\n" for s in merge(statements)))


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
