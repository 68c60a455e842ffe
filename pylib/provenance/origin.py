"""What a model was made of, as the records beside it say: the data, and the commit of the code."""

from collections.abc import Iterable
from pathlib import Path

from pylib.provenance import statement as records
from pylib.provenance.chain import trainer
from pylib.provenance.materials import source
from pylib.provenance.statement import Statement
from pylib.store.artifacts import MODEL_FILE


def data_commit(statements: Iterable[Statement]) -> str | None:
    """The data commit, repository@id, that the first of these steps to name one was given."""
    used = (resource for each in statements for resource in records.dependencies(each))
    found = (str(each["uri"]) for each in used if each.get("uri", "").startswith("data:"))
    return next((uri.removeprefix("data:") for uri in found), None)


def git_commit(model: Path) -> str:
    """The commit of the code that trained the model, marked where the working tree held more than that."""
    trained = trainer(records.read_bundle(model), MODEL_FILE)
    used = [each for each in records.dependencies(trained) if each["name"] == "git"] if trained else []
    found = used[0] if used else source()
    commit = str(found.get("digest", {}).get("gitCommit", ""))
    return commit if found["annotations"]["clean"] or not commit else f"{commit}-dirty"
