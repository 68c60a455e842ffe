"""Verb `data example`: one image of a split, to ask a model about."""

from pathlib import Path
from typing import Annotated

import typer

from pylib.errors import DataError
from pylib.settings import settings
from pylib.store.opening import open_store


def example(
    data: Annotated[str, typer.Argument(help="REPOSITORY@BRANCH or REPOSITORY@COMMIT")],
    target: Annotated[Path, typer.Argument(help="the file to write, without its extension")],
    split: Annotated[str, typer.Option(help="train, validation, test or calibration")] = "test",
    number: Annotated[int, typer.Option(help="which of them, from 0, in the order of their ids")] = 0,
) -> None:
    """Write one image of a split to a file, and print the file's name."""
    from pylib.data.dataset import INDEX_FILE, SPLITS, DatasetIndex

    store = open_store(settings().store)
    commit = store.inspect(data)
    items = [item for item in DatasetIndex.loads(store.read(commit, INDEX_FILE)).items if item.split == split]
    if split not in SPLITS or not 0 <= number < len(items):
        raise DataError(f"{data}: no image {number} in split {split!r}; the split has {len(items)}")
    item = sorted(items, key=lambda item: item.id)[number]
    file = target.with_name(target.name + Path(item.image).suffix)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(store.read(commit, item.image))
    print(file)  # noqa: T201
