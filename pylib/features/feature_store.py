"""The tables of features in the artifact store, a folder or a bucket: written once, read by every run.

    <artifacts>/features/<digest of the table's key>/table.json        the key in words, written at each use
    <artifacts>/features/<digest of the table's key>/<SHA-256>.npy     segments, see pylib.features.segments

A segment appears whole and is never changed, so writers need no lock: two at once write two segments, or the
same one. Segments that are small are merged, and deleted only when what they held is there in the new one. A
reader who misses one meanwhile computes its rows again. So does one who finds a segment damaged.
"""

import contextlib
import logging
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import NotFoundError

from pylib.features.key import TableKey
from pylib.features.segments import SUFFIX, Row, Rows, decode, encode
from pylib.store.objects import open_url, store_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore

FOLDER = "features"
KEY_FILE = "table.json"
SMALL = 16 << 20
"""Bytes below which a segment is merged with others."""
SMALL_SEGMENTS = 16
"""So many of them are left alone."""

_LOG = logging.getLogger(__name__)


class FeatureTable:
    """The rows of one key. All methods raise StoreError where the store itself cannot be read or written."""

    def __init__(self, artifacts: str, key: TableKey) -> None:
        self._artifacts = artifacts.rstrip("/")
        self._folder, self._key = f"{FOLDER}/{key.digest}", key
        self.url = f"{self._artifacts}/{self._folder}"

    @cached_property
    def _store(self) -> "ObjectStore":
        with store_errors(f"feature store {self.url}"):
            return open_url(self._artifacts)

    def use(self) -> None:
        """Write the key in words: what it is, and that it is in use now, which `gc` goes by."""
        self._put(KEY_FILE, self._key.dumps())

    def find(self, wanted: Collection[bytes], width: int) -> Rows:
        """Return the rows, float32 [width], of those images that are here and whole."""
        found: dict[bytes, Row] = {}
        keys = set(wanted)
        for name in self._segments():
            rows = self._read(name, width)
            found |= {key: rows[key].copy() for key in keys & rows.keys()}
        return found

    def append(self, rows: Rows) -> None:
        """Add rows; whole or not at all, whoever else writes."""
        if rows:
            self._put(*encode(rows))

    def merge(self, width: int) -> None:
        """Make one of the small segments, where there are many."""
        small = [name for name, size in self._segments().items() if size < SMALL]
        if len(small) <= SMALL_SEGMENTS:
            return
        parts = {name: rows for name in small if (rows := self._read(name, width))}
        if parts:
            new, data = encode({key: row for rows in parts.values() for key, row in rows.items()})
            self._put(new, data)
            self._delete(parts.keys() - {new})

    def clear(self) -> None:
        """Delete all segments."""
        self._delete(self._segments())

    def _segments(self) -> dict[str, int]:
        """Names and sizes in bytes, by name."""
        with store_errors(f"listing of {self.url}"):
            listed = [
                each for batch in obstore.list(self._store, prefix=f"{self._folder}/") for each in batch
            ]
        sizes = {each["path"].rpartition("/")[2]: each["size"] for each in listed}
        return {name: size for name, size in sorted(sizes.items()) if name.endswith(SUFFIX)}

    def _read(self, name: str, width: int) -> Rows:
        """The rows of a segment; none where it was merged away meanwhile, or is damaged, and then it goes."""
        with store_errors(f"{self.url}/{name}"):
            try:
                data = bytes(obstore.get(self._store, f"{self._folder}/{name}").bytes())
            except (NotFoundError, FileNotFoundError):
                return {}
        rows = decode(name, data, width)
        if rows is None:
            _LOG.warning(
                "%s/%s is damaged: it is deleted, and what it held is computed again", self.url, name
            )
            self._delete([name])
        return rows or {}

    def _put(self, name: str, data: bytes) -> None:
        with store_errors(f"upload to {self.url}/{name}"):
            obstore.put(self._store, f"{self._folder}/{name}", data)

    def _delete(self, names: Collection[str]) -> None:
        with store_errors(f"deletion in {self.url}"):
            for name in names:
                with contextlib.suppress(NotFoundError, FileNotFoundError):  # another process was first
                    obstore.delete(self._store, f"{self._folder}/{name}")
