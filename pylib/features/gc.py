"""Deletes the tables of features that nobody has used for a time: those of former code, weights and sizes.

Every run writes its table's key anew, so the newest object of a table says when it was last used. A run that
begins while its table goes computes what it misses, so nothing needs to be locked.
"""

import contextlib
import errno
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore
from pydantic import ValidationError

from pylib.features.feature_store import FOLDER, KEY_FILE
from pylib.features.key import TableKey
from pylib.store.objects import Entry, open_url, store_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PLACE = re.compile(rf"{FOLDER}/([0-9a-f]{{64}})/[^/]+")


@dataclass(frozen=True)
class Table:
    """A table that is there: its digest, its key (None: of another version), its objects."""

    digest: str
    key: TableKey | None
    objects: list[Entry]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(entry.size for entry in self.objects)

    @property
    def used(self) -> datetime:
        """When it was last used."""
        return max(entry.modified for entry in self.objects)


def tables(artifacts: str) -> list[Table]:
    """All tables of an artifact store, the longest unused first; raises StoreError."""
    with store_errors(f"listing of {artifacts}/{FOLDER}"):
        store = open_url(artifacts.rstrip("/"))
        found: dict[str, list[Entry]] = defaultdict(list)
        for each in (each for batch in obstore.list(store, prefix=f"{FOLDER}/") for each in batch):
            if match := _PLACE.fullmatch(each["path"]):
                found[match[1]].append(Entry(each["path"], each["size"], each["last_modified"]))
        made = [Table(digest, _key(store, digest), objects) for digest, objects in found.items()]
    return sorted(made, key=lambda table: table.used)


def gc(artifacts: str, *, days: float, dry_run: bool) -> list[Table]:
    """Delete, or only name, the tables that were not used for so many days; raises StoreError."""
    before = datetime.now(UTC) - timedelta(days=days)
    old = [table for table in tables(artifacts) if table.used < before]
    if not dry_run:
        with store_errors(f"deletion in {artifacts}/{FOLDER}"):
            store = open_url(artifacts.rstrip("/"))
            for table in old:
                _delete(store, table)
    return old


def _key(store: "ObjectStore", digest: str) -> TableKey | None:
    try:
        return TableKey.model_validate_json(
            bytes(obstore.get(store, f"{FOLDER}/{digest}/{KEY_FILE}").bytes())
        )
    except (NotFoundError, FileNotFoundError, ValidationError):
        return None


def _delete(store: "ObjectStore", table: Table) -> None:
    if isinstance(store, LocalStore):  # with what killed writers left, which is not listed
        shutil.rmtree(Path(str(store.prefix)) / FOLDER / table.digest, onerror=_unless_in_use)
        return
    for entry in table.objects:
        with contextlib.suppress(NotFoundError):  # merged away, or another gc
            obstore.delete(store, entry.key)


def _unless_in_use(_function: object, _path: str, raised: tuple[type, BaseException, object]) -> None:
    """Pass over what a run beside has merged away, or added; raise what it is not, such as no permission."""
    error = raised[1]
    if isinstance(error, FileNotFoundError) or getattr(error, "errno", None) == errno.ENOTEMPTY:
        return
    raise error
