"""Step "ingest": a source of images to a data commit, whose description is the record of how it was made."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pylib.data.dataset import INDEX_FILE
from pylib.data.ingest import IngestResult
from pylib.data.ingest import ingest as read
from pylib.data.plan import Options, Plan
from pylib.provenance.digests import canonical, dir_hash
from pylib.provenance.statement import Definition, build_statement
from pylib.store.protocol import DEFAULT_BRANCH, Store


def ingest(
    source: str,
    store: Store,
    repository: str,
    options: Options,
    *,
    cache: Path,
    report: Path,
    branch: str = DEFAULT_BRANCH,
) -> IngestResult:
    """Commit a source's good samples; see `pylib.data.ingest.ingest` for the checks and the errors."""
    started = datetime.now(UTC)
    return read(
        source,
        store,
        repository,
        options,
        cache=cache,
        branch=branch,
        report=report,
        describe=lambda plan: canonical(_statement(plan, repository, branch, started)).decode(),
    )


def _statement(plan: Plan, repository: str, branch: str, started: datetime) -> dict[str, Any]:
    parameters = {
        "repository": repository,
        "branch": branch,
        "task": plan.index.task,
        "classes": {str(number): name for number, name in plan.index.legend.items()},
        "group": plan.index.group_pattern,
        "strict": plan.options.strict,
        "add": plan.options.add,
        **({"replace": True} if plan.options.replace else {}),
        "orientation": plan.options.orientation,
        "rejected": len(plan.rejected),
        "assumed": plan.assumed,
    }
    source = {"name": "source", "uri": plan.source.uri, "digest": plan.source.digest}
    subject = {"name": repository, "digest": {"dirHash": _tree(plan)}}
    definition = Definition("ingest", parameters, (source,), __name__, plan.index.task)
    return build_statement(definition, [subject], started, datetime.now(UTC))


def _tree(plan: Plan) -> str:
    """The dirHash of the commit to be: its items' files, the index that names them, who sent what is kept."""
    files = dict(plan.beside) | {INDEX_FILE: sha256(plan.index.dumps()).hexdigest()}
    for item in plan.index.items:
        files |= item.files
    return dir_hash(files)
