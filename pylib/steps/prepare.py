"""Step "prepare": a data commit to shards."""

import json
import statistics
import tempfile
from pathlib import Path

from pylib.data.dataset import DatasetIndex
from pylib.data.shard_writer import write_shards
from pylib.errors import ConfigurationError, ProvenanceError
from pylib.provenance.statement import Statement, check, write_bundle
from pylib.provenance.step import Commit, Output, Result, step
from pylib.settings import settings
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef


@step(cached=True)
def prepare(shards: Output, *, data: Commit, image_size: int) -> Result:
    """Check the commit out, decode and resize each image once, and write one folder of arrays a split.

    The record of the commit's own ingest is put beside, so that it travels on with the shards.
    """
    check_image_size(image_size)
    store = open_store(settings().store)
    commit = store.inspect(CommitRef.parse(data))
    with tempfile.TemporaryDirectory(dir=shards.parent) as folder:
        store.checkout(CommitRef.parse(data), Path(folder) / "data")
        size = image_size or natural_size(DatasetIndex.read(Path(folder) / "data"))
        index = write_shards(Path(folder) / "data", shards, image_size=size)
    write_bundle(shards, ingest_records(commit.description, data))
    return {name: len(split.items) for name, split in index.splits.items()}


def check_parameters(data: str, image_size: int) -> None:
    """What the step would say of its parameters, before anything runs."""
    CommitRef.parse(data)
    check_image_size(image_size)


def check_image_size(image_size: int) -> None:
    """Raise ConfigurationError for a side, in pixels, that the network cannot take; 0: the images' own."""
    if image_size % 32 or image_size < 0:
        raise ConfigurationError(
            f"image_size={image_size}: the U-Net halves it five times; give a multiple of 32"
        )


def natural_size(index: DatasetIndex, *, largest: int = 160) -> int:
    """The side to train at where none is asked for: the images' own, in steps of 32 pixels."""
    side = statistics.median(min(item.width, item.height) for item in index.items)
    return max(32, min(int(side) // 32 * 32, largest))


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
