"""Step "prepare": a data commit to shards."""

import json
import tempfile
from pathlib import Path

from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.data.shard_writer import write_shards
from pylib.data.shards import INDEX_FILE as SHARDS
from pylib.errors import ConfigurationError, ProvenanceError
from pylib.provenance.statement import Statement, check, write_bundle
from pylib.provenance.step import Commit, Output, Result, step
from pylib.settings import settings
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef
from pylib.sweeps.locking import held
from pylib.tasks.task import find


def _task(*, data: str, **_: object) -> str:
    return DatasetIndex.loads(open_store(settings().store).read(CommitRef.parse(data), INDEX_FILE)).task


@step(cached=True, task=_task)
def prepare(shards: Output, *, data: Commit, image_size: int) -> Result:
    """Check the commit out, decode and resize each image once, and write one folder of arrays a split.

    The record of the commit's own ingest is put beside, so that it travels on with the shards.
    """
    store = open_store(settings().store)
    commit = store.inspect(CommitRef.parse(data))
    size = side(DatasetIndex.loads(store.read(commit, INDEX_FILE)), image_size)
    with tempfile.TemporaryDirectory(dir=shards.parent) as folder:
        store.checkout(CommitRef.parse(data), Path(folder) / "data")
        index = write_shards(Path(folder) / "data", shards, image_size=size)
    write_bundle(shards, ingest_records(commit.description, data))
    return {name: len(split.items) for name, split in index.splits.items()}


def check_parameters(task: str, data: str, image_size: int) -> None:
    """What the step would say of its parameters, before anything runs; the data is of that task."""
    CommitRef.parse(data)
    find(task).records.check_image_size(image_size)


def check_data(index: DatasetIndex, task: str) -> None:
    """What a pipeline of that task would say of a data set, before anything runs."""
    if index.task != task:
        raise ConfigurationError(
            f"data set {index.name} is of the task {index.task}, the pipeline trains {task}: "
            f"name another pipeline, or ingest the images with --task {task}"
        )


def side(index: DatasetIndex, image_size: int) -> int:
    """The side, in pixels, to train at: what is asked for, if the task can take it; 0: the images' own."""
    records = find(index.task).records
    records.check_image_size(image_size)
    return image_size or records.natural_size(index)


def ingest_records(description: str, data: str) -> list[Statement]:
    """The statement that ingest left in a commit's description; none for a commit made by hand."""
    if not description.startswith("{"):
        return []
    try:
        statement = json.loads(description)
    except ValueError as error:
        raise ProvenanceError(f"{data}: its description is not JSON ({error}); ingest it again") from error
    check(statement)
    return [statement]


def shared_shards(task: str, data: str, image_size: int) -> Path:
    """The shards of a data set for all trials of a search, made by the first that asks for them.

    data: repository@branch or repository@commit, of that task
    """
    place = settings()
    commit = open_store(place.store).inspect(CommitRef.parse(data))
    reference = f"{commit.repository}@{commit.id}"
    check_parameters(task, reference, image_size)
    folder = place.output / "shards" / f"{commit.repository}-{commit.id[:16]}-{image_size}"
    with held(folder.with_suffix(".lock")):
        if not (folder / SHARDS).is_file():
            check_data(DatasetIndex.loads(open_store(place.store).read(commit, INDEX_FILE)), task)
            prepare(folder, data=reference, image_size=image_size)
    return folder
