"""One file of a versioned store by name, `repository@commit:path`: such as an encoder's first weights."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pylib.errors import NotFoundError, StoreError
from pylib.store.protocol import CommitRef, File, Store


@dataclass(frozen=True)
class FileRef:
    """A file of a commit; its text is `repository@commit:path`."""

    commit: CommitRef
    path: str

    @classmethod
    def parse(cls, text: str) -> "FileRef":
        """Read `repository@branch:path` or `repository@<commit id>:path`; StoreError where it is neither."""
        commit, colon, path = text.partition(":")
        if not colon or not path or "@" not in commit:
            raise StoreError(f"{text!r} names no file of a store: write repository@commit:path")
        return cls(CommitRef.parse(commit), path)

    @classmethod
    def names(cls, text: str) -> bool:
        """Whether a text has the form of such a name, and is not a file that is there."""
        return "@" in text.partition(":")[0] and ":" in text and not Path(text).exists()

    def __str__(self) -> str:
        return f"{self.commit}:{self.path}"

    def pinned(self, store: Store) -> "FileRef":
        """The same with its commit's id, so that it means the same bytes for ever."""
        commit = store.inspect(self.commit)
        return FileRef(CommitRef(commit.repository, commit.id), self.found(store).path)

    def found(self, store: Store) -> File:
        """The file's path, digest and size; NotFoundError names what the commit has instead."""
        files = store.ls(self.commit)
        for file in files:
            if file.path.strip("/") == self.path.strip("/"):
                return file
        there = ", ".join(file.path for file in files[:5]) or "nothing"
        raise NotFoundError(f"{self}: no such file in that commit; it has: {there}")

    def fetch(self, store: Store, folder: Path) -> Path:
        """Write the file into a folder under its own name; return where."""
        target = folder / PurePosixPath(self.path).name
        target.write_bytes(store.read(self.commit, self.found(store).path))
        return target


def keep(store: Store, repository: str, file: Path, description: str) -> FileRef:
    """Commit a file of this machine into a repository, beside what is there; return its name."""
    commit = store.commit(repository, {file.name: file}, mode="add", description=description)
    return FileRef(CommitRef(repository, commit.id), file.name)
