"""Arguments as a run takes them: data and weights pinned to commits, files of this machine made into such."""

from pathlib import Path
from typing import Any

from pylib.errors import ConfigurationError, PipelineError, StoreError
from pylib.runners import checks, cluster_settings, pipelines
from pylib.settings import settings
from pylib.store.files import FileRef, keep
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef, Store

WEIGHTS = "weights"
"""The repository that first weights are committed to."""

Arguments = dict[str, Any]


def pinned(given: Arguments) -> Arguments:
    """Data, and weights in the store, by their commits' ids, so that every record means the same bytes.

    Raises StoreError or PipelineError where there are no such.
    """
    found = dict(given)
    store = open_store(settings().store)
    commit = store.inspect(CommitRef.parse(str(given["data"])))
    found["data"] = f"{commit.repository}@{commit.id}"
    weights = str(given.get("weights", "none"))
    if weights in {"none", "imagenet"}:
        return found
    if FileRef.names(weights):
        return found | {"weights": str(FileRef.parse(weights).pinned(store))}
    if not Path(weights).is_file():
        raise PipelineError(
            f"--weights {weights}: no such file; give none, imagenet, a Keras weights file, "
            "or repository@commit:path in the store"
        )
    return found | {"weights": str(Path(weights).resolve())}


def for_cluster(name: str, given: Arguments, where: str) -> tuple[Arguments, list[str]]:
    """The same for a cluster, whose steps read its own store only; and a line for each thing done for that.

    `where` is the namespace whose settings count. All is checked before anything is written.
    """
    arguments = {**_gpus(name, where), **given}
    pipeline = pipelines.load(name)
    arguments = checks.checked(pipeline, arguments)
    _shared(where)
    arguments = pinned(arguments)
    file = Path(str(arguments.get("weights", "none")))
    if str(file) in {"none", "imagenet"} or FileRef.names(str(file)):
        return arguments, []
    kept = _keep(open_store(settings().store), file)
    return arguments | {"weights": str(kept)}, [f"weights: {file.name} is committed as {kept}"]


def _gpus(name: str, where: str) -> Arguments:
    gpus = cluster_settings.setting("PYLIB_GPUS", where)
    return {"gpus": gpus} if gpus and "gpus" in pipelines.parameters(pipelines.load(name)) else {}


def _shared(where: str) -> None:
    """Refuse a store that steps on a cluster cannot read: this machine's own folder."""
    store = settings().store
    if store.startswith("file:") and store != cluster_settings.setting("PYLIB_STORE", where):
        theirs = cluster_settings.setting("PYLIB_STORE", where) or "pachd://localhost:30650"
        raise ConfigurationError(
            f"{store} is on this machine, where no step of a cluster can read it: commit the data to the "
            f"cluster's store (there it is {theirs}); `kubectl port-forward -n pachyderm service/pachd "
            "30650:30650`, then PACHD_ADDRESS=grpc://localhost:30650"
        )


def _keep(store: Store, file: Path) -> FileRef:
    try:
        return keep(store, WEIGHTS, file, f"First weights, from {file.name}")
    except StoreError as error:
        raise StoreError(
            f"--weights {file}: steps on a cluster read no file of this machine, and it cannot be committed: "
            f"{error}"
        ) from error
