"""Whether two versions were judged on the same test items: only then do their figures compare."""

from collections.abc import Iterable

from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.errors import PylibError, one_line
from pylib.registry.versions import Version
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef


def note(one: Version, other: Version, store: str) -> str:
    """What to know before the figures of two versions are compared; empty where the test items are the same.

    store: URL of the data store, which has the items of each data commit
    """
    if not (one.data_commit and other.data_commit):
        return "it is not recorded which data both learned from, so their test items may not be the same"
    if one.data_commit == other.data_commit:
        return ""
    try:
        mine, theirs = (_test_items(each.data_commit, store) for each in (one, other))
    except PylibError as error:
        return (
            f"{_said(one)} and {_said(other)}: other data, whose test items cannot be compared here "
            f"({one_line(error, 200)}); they may not be the same"
        )
    if mine == theirs:
        return ""
    return (
        f"not the same test items: {_said(one, mine)}, {_said(other, theirs)}; {len(mine & theirs)} are in "
        "both. What differs in the figures may be the data"
    )


def _test_items(data: str, store: str) -> set[tuple[str, str]]:
    """Of each test item of a data commit, what it shows and what is to be learned of it."""
    index = DatasetIndex.loads(open_store(store).read(CommitRef.parse(data), INDEX_FILE))
    return {
        (item.image_sha256, item.target.model_dump_json(exclude={"file"}))
        for item in index.items
        if item.split == "test"
    }


def _said(version: Version, items: Iterable[object] | None = None) -> str:
    repository, _, commit = version.data_commit.partition("@")
    count = "" if items is None else f"{len(list(items))} of "
    return f"{version.name} {version.number} was judged on {count}{repository}@{commit[:8]}"
