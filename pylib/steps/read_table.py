"""Step "read_table": a data commit of one CSV file to rows by split."""

import tempfile
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from pylib.errors import DataError
from pylib.provenance.step import Commit, Output, Result, step
from pylib.settings import settings
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef, File
from pylib.tabular.built_in import REPOSITORY
from pylib.tabular.built_in import built_in as files

if TYPE_CHECKING:
    from pylib.tabular.table import Table


def _task(**_: object) -> str:
    return "tabular"


@step(cached=True, task=_task)
def read_table(table: Output, *, data: Commit, target: str) -> Result:
    """Read the commit's table whole, and write one array a split; returns the rows of each.

    target: the column to predict; the last one where it is empty
    """
    from pylib.tabular.prepared import PreparedTable, target_of
    from pylib.tabular.split import by_split

    file, found = _read(data)
    name = target_of(found.columns, target)
    splits = by_split(found, name)
    rows = {split: len(values) for split, values in splits.items()}
    features = [column for column in found.columns if column != name]
    prepared = PreparedTable(file=file.path, sha256=file.sha256, features=features, target=name, rows=rows)
    prepared.write(table, splits)
    return dict(rows.items())


def check_parameters(data: str) -> None:
    """What the step would say of its parameters, before anything runs; no data is the built-in table."""
    if data:
        CommitRef.parse(data)


def check_data(data: str, target: str) -> str:
    """What the step would say of the data, before anything runs; returns what it would take unsaid."""
    from pylib.tabular.prepared import target_of
    from pylib.tabular.split import by_split

    file, found = _read(data)
    name = target_of(found.columns, target)
    try:
        by_split(found, name)
    except DataError as error:
        raise DataError(f"{file.path}: {error}") from error
    if target or CommitRef.parse(data).repository == REPOSITORY:
        return ""
    return f"predicts {name!r}, the last column of {file.path}; --target NAME names another"


def built_in() -> tuple[str, dict[str, bytes]]:
    """What the pipeline works on where no data is named: a repository, and the files of its commit."""
    return REPOSITORY, files()


def _read(data: str) -> "tuple[File, Table]":
    from pylib.tabular.prepared import table_in
    from pylib.tabular.table import read

    store = open_store(settings().store)
    file = table_in(store, data)
    with tempfile.TemporaryDirectory() as folder:
        store.checkout(CommitRef.parse(data), Path(folder) / "data", escape(file.path))
        return file, read(Path(folder) / "data" / file.path)
