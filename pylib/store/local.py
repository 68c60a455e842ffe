"""A versioned store in a folder: content-addressed blobs, and a catalogue whose transaction is the commit.

A commit writes new blobs to disk first and then adds itself to the catalogue in one transaction. Killed
before that, it has left at most blobs that nothing refers to, which the next `gc` removes.
"""

import errno
import fcntl
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pylib.errors import StoreError
from pylib.store import catalogue, tree
from pylib.store.blobs import Blobs, parallel
from pylib.store.catalogue import Catalogue
from pylib.store.checkout import check_target, write_folder
from pylib.store.copying import copy_hashed, flush
from pylib.store.paths import check_paths
from pylib.store.protocol import (
    DEFAULT_BRANCH,
    AnyCommit,
    Commit,
    CommitRef,
    File,
    Mode,
    OnlyIf,
    check_name,
)
from pylib.store.reading import TreeReader, absent

_LOCK_SECONDS = 600.0
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LocalStore(TreeReader):
    """The `Store` below the folder `root`, which the first write creates."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.blobs = Blobs(self.root)
        self.catalogue_path = self.root / "catalogue.sqlite"

    def create_repository(self, name: str, description: str = "") -> None:
        """Create the repository; one that exists is left as it is."""
        check_name(name, "repository")
        self._create()
        with self.catalogue(write=True) as records:
            records.add_repository(name, description)

    def list_repositories(self) -> list[str]:
        """Return the names of all repositories, sorted."""
        with self.catalogue() as records:
            return records.repositories()

    def commit(
        self,
        repository: str,
        files: Mapping[str, bytes | Path],
        *,
        branch: str = DEFAULT_BRANCH,
        mode: Mode = "replace",
        deletions: Collection[str] = (),
        description: str = "",
        provenance: Sequence[AnyCommit] = (),
        only_if: OnlyIf | None = None,
    ) -> Commit:
        """Commit files by path; see `Store.commit`."""
        check_name(repository, "repository")
        check_name(branch, "branch")
        check_paths(files)
        self._create()
        with self.locked(), self.disk_errors(), self.blobs.stage() as staging:
            given = staging.add(files)
            staging.publish()
            with self.catalogue(write=True) as records:
                records.add_repository(repository, "")
                head = records.head(repository, branch)
                old = records.files(head.tree) if head and mode == "add" else []
                content = tree.new_tree(old, given, mode, deletions)
                if old:
                    check_paths(file.path for file in content)
                sources = [_find(records, CommitRef.of(source)).ref for source in provenance]
                made = tree.next_commit(CommitRef(repository, branch), head, content, description, sources)
                if made != head:
                    if only_if:
                        only_if(head)
                    records.add_commit(made, content)
                return records.find(repository, made.id) or made

    def head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest commit of the branch."""
        return self.inspect(CommitRef(repository, branch))

    def fenced_head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest commit of the branch when who is about to move it has, or has not."""
        with self.catalogue(write=True) as records:  # waits for the transaction that has asked its only_if
            return _find(records, CommitRef(repository, branch))

    def inspect(self, commit: AnyCommit) -> Commit:
        """Return the commit that a reference names."""
        with self.catalogue() as records:
            return _find(records, CommitRef.of(commit))

    def log(self, repository: str, branch: str = DEFAULT_BRANCH, limit: int | None = None) -> list[Commit]:
        """Return the branch's commits, newest first, at most `limit`."""
        with self.catalogue() as records:
            commits = [_find(records, CommitRef(repository, branch))]
            while (parent := commits[-1].parent) and (limit is None or len(commits) < limit):
                commits.append(_find(records, CommitRef(repository, parent)))
        return commits

    def read(self, commit: AnyCommit, path: str) -> bytes:
        """Return the content of one file, verified."""
        file = self._file(commit, path)
        with self.disk_errors():
            return self.blobs.read(file)

    def _digests(self, files: Sequence[File | None]) -> list[str | None]:
        with self.disk_errors():
            return parallel(self._digest, files, "verify")

    def _digest(self, file: File | None) -> str | None:
        if file is None or not self.blobs.path(file.sha256).is_file():
            return None
        with self.blobs.opened(file) as descriptor:
            return copy_hashed(descriptor, None)[0]

    def checkout(self, commit: AnyCommit, target: Path, pattern: str = "**") -> Commit:
        """Write the commit's files (those that match) to the new or empty folder `target`, all or nothing."""
        check_target(target)
        found, files = self._matching(commit, pattern)
        with self.disk_errors():
            write_folder(self.blobs, files, target)
        return found

    def _files(self, commit: AnyCommit) -> tuple[Commit, list[File]]:
        with self.catalogue() as records:
            found = _find(records, CommitRef.of(commit))
            return found, records.files(found.tree)

    @contextmanager
    def catalogue(self, *, write: bool = False) -> Iterator[Catalogue]:
        """Give the catalogue in one transaction."""
        with catalogue.opened(self.catalogue_path, write=write) as records:
            yield records

    @contextmanager
    def locked(self, *, exclusive: bool = False) -> Iterator[None]:
        """Hold the store's lock: shared by those who add blobs, exclusive for who creates or deletes.

        The kernel frees it when its holder ends, however that happens (flock(2)).
        """
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._wait(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def _wait(self, descriptor: int, kind: int) -> None:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"store {self.root} is in use by another process: try again later"
                    ) from error
                time.sleep(0.02)

    def _create(self) -> None:
        """Make the store unless it is there; the catalogue comes last, so its presence means the rest's."""
        if self.catalogue_path.is_file():
            return
        with self.disk_errors():
            self.root.mkdir(parents=True, exist_ok=True)
            with self.locked(exclusive=True):
                if not self.catalogue_path.is_file():
                    self.blobs.folder.mkdir(exist_ok=True)
                    catalogue.create(self.catalogue_path)
                    flush([self.root, self.root.parent], self.root)

    @contextmanager
    def disk_errors(self) -> Iterator[None]:
        """Turn what the operating system raises into one line."""
        try:
            yield
        except OSError as error:
            place = error.filename or self.root
            advice = "check that it is there and may be read and written"
            if error.errno in _FULL:
                advice = "free space (`pylib data gc` deletes what failed commits left) and run it again"
            raise StoreError(
                f"store {self.root}: {error.strerror}: {place}; nothing was changed: {advice}"
            ) from error


def _find(records: Catalogue, ref: CommitRef) -> Commit:
    found = (
        records.find(ref.repository, ref.revision)
        if ref.is_id
        else records.head(ref.repository, ref.revision)
    )
    if found:
        return found
    raise absent(ref, records.repositories())
