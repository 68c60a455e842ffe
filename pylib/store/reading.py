"""What a store answers from trees alone, however it keeps them: the same in a folder and in a bucket."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from pylib.errors import NotFoundError, StoreError
from pylib.store import tree
from pylib.store.paths import check_path, is_below, matches
from pylib.store.protocol import AnyCommit, Change, Commit, CommitRef, File


class TreeReader(ABC):
    """The part of a `Store` that needs no more than a commit's files, sorted by path."""

    @abstractmethod
    def _files(self, commit: AnyCommit) -> tuple[Commit, list[File]]:
        """Return the commit that a reference names, and its files."""

    def ls(self, commit: AnyCommit, path: str = "") -> list[File]:
        """Return the files at or below `path`, sorted by path; all of them by default."""
        folder = path.strip("/")
        return [file for file in self._files(commit)[1] if is_below(file.path, folder)]

    def glob(self, commit: AnyCommit, pattern: str) -> list[File]:
        """Return the files that match, sorted by path; `*` stays within a folder, `**` crosses folders."""
        return self._matching(commit, pattern)[1]

    @abstractmethod
    def _digests(self, files: Sequence[File | None]) -> list[str | None]:
        """Return the SHA-256 of each content as it is kept now; None for none."""

    def digests(self, commit: AnyCommit, paths: Collection[str]) -> dict[str, str | None]:
        """Return the SHA-256 of what the files hold now, read anew; None for one that is not there."""
        held = {file.path: file for file in self._files(commit)[1]}
        ordered = list(paths)
        return dict(zip(ordered, self._digests([held.get(path) for path in ordered]), strict=True))

    def diff(self, old: AnyCommit, new: AnyCommit) -> list[Change]:
        """Return what changed from `old` to `new`, sorted by path."""
        return tree.changes(self._files(old)[1], self._files(new)[1])

    def _matching(self, commit: AnyCommit, pattern: str) -> tuple[Commit, list[File]]:
        found, files = self._files(commit)
        return found, [file for file in files if matches(file.path, pattern)]

    def _file(self, commit: AnyCommit, path: str) -> File:
        check_path(path)
        found, files = self._files(commit)
        for file in files:
            if file.path == path:
                return file
        raise StoreError(f"no file {path} in {found.ref}: `pylib data ls {found.ref}` lists what there is")


def absent(ref: CommitRef, repositories: Collection[str]) -> NotFoundError:
    """Return the error for a commit that is not there: for want of the repository, or of the revision."""
    if ref.repository not in repositories:
        known = ", ".join(sorted(repositories)) or "none"
        return NotFoundError(f"no repository {ref.repository} in the store: it has {known}")
    what = "commit" if ref.is_id else "branch"
    return NotFoundError(
        f"no {what} {ref.revision} in repository {ref.repository}: see `pylib data log {ref.repository}`"
    )
