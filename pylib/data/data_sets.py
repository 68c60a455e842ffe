"""The data sets of this installation's store, as far as people may add to them."""

from typing import NamedTuple

from pylib.data.browsing import index_of
from pylib.errors import NotFoundError, PylibError
from pylib.store.opening import open_store
from pylib.store.protocol import Store


class DataSet(NamedTuple):
    """A data set: its task, the names of its classes by index, what its targets are (mask, label, value)."""

    name: str
    task: str
    classes: list[str]
    target: str


def data_sets(url: str) -> list[DataSet]:
    """Those whose newest commit on the default branch can be read; raises StoreError."""
    store = open_store(url)
    try:
        names = store.list_repositories()
    except NotFoundError:  # no store yet
        return []
    found = (_read(url, store, name) for name in names)
    return [each for each in found if each]


def _read(url: str, store: Store, name: str) -> DataSet | None:
    try:
        index = index_of(url, store.head(name))
    except PylibError:  # nothing yet, or damaged
        return None
    if index is None:  # a table
        return None
    target = index.items[0].target.kind if index.items else "label"
    return DataSet(name, index.task, index.class_names, target)
