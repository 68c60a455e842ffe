"""The proof that a model was rebuilt bit for bit, beside it: an in-toto statement with a test result.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pylib.errors import ProvenanceError
from pylib.provenance.digests import canonical
from pylib.provenance.statement import STATEMENT
from pylib.store.artifacts import MODEL_FILE

FILE = "reproduced.intoto.json"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def attest(
    folder: Path, digest: str, steps: Iterable[str], configuration: Iterable[Mapping[str, Any]]
) -> None:
    """Say, beside the model of this digest, that each of these steps gave what its record has.

    configuration: in-toto resources of what it was rebuilt with
    """
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": MODEL_FILE, "digest": {"sha256": digest}}],
        "predicateType": PREDICATE,
        "predicate": {
            "result": "PASSED",
            "configuration": [dict(each) for each in configuration],
            "passedTests": list(steps),
        },
    }
    _check(statement)
    (folder / FILE).write_bytes(canonical(statement) + b"\n")


def is_reproduced(folder: Path, digest: str) -> bool:
    """Whether such a proof is beside the model, and is of it; ProvenanceError where it cannot be read."""
    path = folder / FILE
    if not path.is_file():
        return False
    try:
        statement = json.loads(path.read_text(encoding="utf-8"))
        _check(statement)
    except ValueError as error:
        raise ProvenanceError(
            f"{path}: not an in-toto test result ({error}); reproduce the model again"
        ) from error
    subjects = [each["digest"].get("sha256") for each in statement["subject"]]
    return statement["predicate"]["result"] == "PASSED" and subjects == [digest]


def _check(statement: Mapping[str, Any]) -> None:
    """Raise ValueError unless in-toto's own messages take it."""
    from google.protobuf import json_format
    from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
    from in_toto_attestation.v1.statement import Statement as Message
    from in_toto_attestation.v1.statement_pb2 import Statement as Proto

    try:
        Message.copy_from_pb(json_format.ParseDict(statement, Proto())).validate()
        json_format.ParseDict(statement["predicate"], TestResult())
    except (json_format.ParseError, KeyError, TypeError) as error:
        raise ValueError(str(error)) from error
