"""Which files the commits in pachd hold: as their writer listed them, or by reading each commit once."""

import json
from collections import OrderedDict

from pachyderm_sdk.api import pfs

from pylib.store.pachd import Pachd
from pylib.store.pachyderm_listing import unpack
from pylib.store.pachyderm_names import LISTING_KEY, METADATA_KEY, handle
from pylib.store.pachyderm_transfer import decode, hash_commit
from pylib.store.protocol import CommitRef, File

_CACHED_TREES = 8


class Trees:
    """The trees of commits by reference; the last few are remembered, as they never change."""

    def __init__(self, pachd: Pachd) -> None:
        self._pachd = pachd
        self._trees: OrderedDict[CommitRef, list[File]] = OrderedDict()

    def of(self, ref: CommitRef) -> list[File]:
        """Return a commit's files, as listed, else read and hashed."""
        listed = self.listed(ref)
        if listed is not None:
            return listed
        with self._pachd.errors(f"read {ref}"):
            return self.keep(ref, hash_commit(self._pachd, handle(ref)))

    def listed(self, ref: CommitRef) -> list[File] | None:
        """Return the files as the commit's writer listed them; None where it did not."""
        if (known := self._trees.get(ref)) is not None:
            return known
        with self._pachd.errors(f"inspect {ref}"):
            kept = self._pachd.pfs.inspect_commit(commit=handle(ref)).metadata
        facts = json.loads(kept.get(METADATA_KEY, "null"))
        files = unpack(kept.get(LISTING_KEY, ""), facts["tree"]) if facts else None
        return files if files is None else self.keep(ref, files)

    def keep(self, ref: CommitRef, files: list[File]) -> list[File]:
        """Remember a tree, which for one id never changes."""
        self._trees[ref] = files
        if len(self._trees) > _CACHED_TREES:
            self._trees.popitem(last=False)
        return files

    def paths(self, ref: CommitRef) -> set[str]:
        """Return the paths of a commit's files, without reading them."""
        if (listed := self.listed(ref)) is not None:
            return {file.path for file in listed}
        with self._pachd.errors(f"list the files of {ref}"):
            infos = self._pachd.pfs.walk_file(file=pfs.File(commit=handle(ref), path="/"))
            return {decode(info.file.path) for info in infos if info.file_type == pfs.FileType.FILE}
