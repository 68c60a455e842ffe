"""Arguments as a run takes them: data and weights pinned to commits, files of this machine made into such."""

from typing import Any

from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.errors import ConfigurationError, DataError
from pylib.models import weights_source
from pylib.runners import checks, cluster_settings, pipelines
from pylib.runners.served_champion import with_champion
from pylib.settings import settings
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef

Arguments = dict[str, Any]


def pinned(given: Arguments) -> Arguments:
    """Data, and weights in the store, by their commits' ids, so that every record means the same bytes.

    Raises StoreError or PipelineError where there are no such.
    """
    found, store = dict(given), settings().store
    if "data" in given:
        commit = open_store(store).inspect(CommitRef.parse(str(given["data"])))
        found["data"] = f"{commit.repository}@{commit.id}"
    if "weights" in given:
        found["weights"] = weights_source.pinned(str(given["weights"]), store)
    return found


def here(name: str, given: Arguments) -> tuple[Arguments, list[str]]:
    """The arguments of a run on this machine, and a line for each thing that a person should know of it.

    All that can be checked before the first step is.
    """
    given, beside = with_champion(name, given)
    arguments = checks.checked(pipelines.load(name), given)  # before the store is asked for anything
    arguments, said = _with_built_in(name, arguments)
    arguments, more = _with_data(name, pinned(arguments))
    return arguments, beside + said + more


def _with_built_in(name: str, arguments: Arguments) -> tuple[Arguments, list[str]]:
    """Data for a pipeline that brings its own where none is named: committed, if it is not there yet."""
    made = None if arguments.get("data") else checks.built_in(pipelines.load(name))
    if not made:
        return arguments, []
    repository, files = made
    commit = open_store(settings().store).commit(repository, files)
    return arguments | {"data": str(commit.ref)}, [f"no --data: takes what is built in, {repository}@master"]


def _with_data(name: str, arguments: Arguments) -> tuple[Arguments, list[str]]:
    """The same arguments, whose data set every step can work on; DataError or ConfigurationError."""
    if "data" not in arguments:
        return arguments, []
    pipeline = pipelines.load(name)
    index = _index(str(arguments["data"])) if checks.takes_images(pipeline) else None
    return arguments, checks.data(pipeline, arguments, index)


def _index(data: str) -> DatasetIndex:
    store = open_store(settings().store)
    if store.digests(data, [INDEX_FILE])[INDEX_FILE] is None:
        raise DataError(f"{data}: no {INDEX_FILE} in it, so it is no data set; `pylib data ingest` makes one")
    try:
        return DatasetIndex.loads(store.read(data, INDEX_FILE))
    except DataError as error:
        raise DataError(f"{data}: {error}") from error


def for_cluster(name: str, given: Arguments, where: str) -> tuple[Arguments, list[str]]:
    """The same for a cluster, whose steps read its own store only; and a line for each thing done for that.

    `where` is the namespace whose settings count. All is checked before anything is written.
    """
    given, beside = with_champion(name, given)
    arguments = checks.checked(pipelines.load(name), {**_gpus(name, where), **given})
    check_store(where)
    arguments, said = _with_built_in(name, arguments)
    arguments, more = _with_data(name, pinned(arguments))
    said = beside + said + more
    if "weights" not in arguments:
        return arguments, said
    given_here = arguments["weights"]
    there = weights_source.shared(given_here, settings().store)
    said += (
        [] if there == given_here else [f"weights: {given_here.rpartition('/')[2]} is committed as {there}"]
    )
    return arguments | {"weights": there}, said


def _gpus(name: str, where: str) -> Arguments:
    gpus = cluster_settings.setting("PYLIB_GPUS", where)
    return {"gpus": gpus} if gpus and "gpus" in pipelines.parameters(pipelines.load(name)) else {}


def check_store(where: str) -> None:
    """Refuse a store that steps on a cluster cannot read: this machine's own folder."""
    store = settings().store
    if store.startswith("file:") and store != cluster_settings.setting("PYLIB_STORE", where):
        theirs = cluster_settings.setting("PYLIB_STORE", where) or "pachd://localhost:30650"
        raise ConfigurationError(
            f"{store} is on this machine, where no step of a cluster can read it: commit the data to the "
            f"cluster's store (there it is {theirs}); `kubectl port-forward -n pachyderm service/pachd "
            "30650:30650`, then PACHD_ADDRESS=grpc://localhost:30650"
        )
