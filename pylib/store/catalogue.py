"""The catalogue of a local store: repositories, branches, commits, trees in SQLite; a transaction a commit.

Write-ahead log with a full sync, so a commit that was reported survives a power cut; writers take turns
(BEGIN IMMEDIATE), readers see the last commit and never wait (https://sqlite.org/wal.html).
The log needs shared memory, so the store belongs on a local disk, not on NFS.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pylib.errors import NotFoundError, StoreError
from pylib.store.protocol import Commit, CommitRef, File

FORMAT = 1
_BUSY_SECONDS = 120.0
_SCHEMA = """
CREATE TABLE repositories (name TEXT PRIMARY KEY, description TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE blobs (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, size INTEGER NOT NULL);
CREATE TABLE trees (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, files INTEGER NOT NULL,
    size INTEGER NOT NULL);
CREATE TABLE files (tree INTEGER NOT NULL REFERENCES trees, path TEXT NOT NULL,
    blob INTEGER NOT NULL REFERENCES blobs, PRIMARY KEY (tree, path)) WITHOUT ROWID;
CREATE TABLE commits (id TEXT PRIMARY KEY, repository TEXT NOT NULL REFERENCES repositories,
    branch TEXT NOT NULL, parent TEXT REFERENCES commits, tree INTEGER NOT NULL REFERENCES trees,
    description TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE provenance (commit_id TEXT NOT NULL REFERENCES commits, source TEXT NOT NULL REFERENCES commits,
    PRIMARY KEY (commit_id, source)) WITHOUT ROWID;
CREATE TABLE branches (repository TEXT NOT NULL REFERENCES repositories, name TEXT NOT NULL,
    head TEXT NOT NULL REFERENCES commits, PRIMARY KEY (repository, name)) WITHOUT ROWID;
"""
_COMMITS = """
SELECT c.id, c.repository, c.branch, c.parent, c.description, c.created, t.size, t.files, t.digest
FROM commits c JOIN trees t ON t.id = c.tree
"""


class Catalogue:
    """One connection to the catalogue; use it in one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def repositories(self) -> list[str]:
        """Return the names of all repositories, sorted."""
        return [name for (name,) in self.connection.execute("SELECT name FROM repositories ORDER BY name")]

    def add_repository(self, name: str, description: str) -> None:
        """Add a repository, unless it is there."""
        row = (name, description, datetime.now(UTC).isoformat())
        self.connection.execute("INSERT OR IGNORE INTO repositories VALUES (?, ?, ?)", row)

    def head(self, repository: str, branch: str) -> Commit | None:
        """Return the branch's newest commit, if there is one."""
        query = "SELECT head FROM branches WHERE repository = ? AND name = ?"
        row = self.connection.execute(query, (repository, branch)).fetchone()
        return self.find(repository, row[0]) if row else None

    def find(self, repository: str, commit_id: str) -> Commit | None:
        """Return the commit of that id, if the repository has it."""
        query = f"{_COMMITS} WHERE c.repository = ? AND c.id = ?"
        row = self.connection.execute(query, (repository, commit_id)).fetchone()
        return self._commit(*row) if row else None

    def commits(self) -> list[Commit]:
        """Return all commits of all repositories, in the order of their making."""
        return [
            self._commit(*row) for row in self.connection.execute(f"{_COMMITS} ORDER BY c.rowid").fetchall()
        ]

    def files(self, tree: str) -> list[File]:
        """Return the files of a tree, by its digest, sorted by path."""
        query = """SELECT f.path, b.sha256, b.size FROM trees t JOIN files f ON f.tree = t.id
                   JOIN blobs b ON b.id = f.blob WHERE t.digest = ?"""
        return sorted(File(*row) for row in self.connection.execute(query, (tree,)))

    def blobs(self) -> dict[str, int]:
        """Return the size in bytes of each blob that some tree needs, by SHA-256."""
        query = "SELECT sha256, size FROM blobs WHERE id IN (SELECT blob FROM files)"
        return dict(self.connection.execute(query).fetchall())

    def add_commit(self, commit: Commit, files: Sequence[File]) -> None:
        """Add a commit with its tree, and move its branch there."""
        self._add_tree(commit, files)
        self.connection.execute(
            """INSERT OR IGNORE INTO commits SELECT ?, ?, ?, ?, id, ?, ? FROM trees WHERE digest = ?""",
            (commit.id, commit.repository, commit.branch, commit.parent, commit.description,
             commit.created.isoformat(), commit.tree),
        )  # fmt: skip
        sources = [(commit.id, ref.revision) for ref in commit.provenance]
        self.connection.executemany("INSERT OR IGNORE INTO provenance VALUES (?, ?)", sources)
        branch = (commit.repository, commit.branch, commit.id)
        self.connection.execute("INSERT OR REPLACE INTO branches VALUES (?, ?, ?)", branch)

    def _add_tree(self, commit: Commit, files: Sequence[File]) -> None:
        if self.connection.execute("SELECT 1 FROM trees WHERE digest = ?", (commit.tree,)).fetchone():
            return
        blobs = ((file.sha256, file.size) for file in files)
        self.connection.executemany("INSERT OR IGNORE INTO blobs (sha256, size) VALUES (?, ?)", blobs)
        row = (commit.tree, commit.files, commit.size)
        query = "INSERT INTO trees (digest, files, size) VALUES (?, ?, ?)"
        tree = self.connection.execute(query, row).lastrowid
        self.connection.executemany(
            "INSERT INTO files SELECT ?, ?, id FROM blobs WHERE sha256 = ?",
            ((tree, file.path, file.sha256) for file in files),
        )

    def _commit(self, id_: str, repository: str, branch: str, parent: str | None, *rest: str | int) -> Commit:
        query = """SELECT c.repository, c.id FROM provenance p JOIN commits c ON c.id = p.source
                   WHERE p.commit_id = ? ORDER BY 1, 2"""
        provenance = tuple(CommitRef(*row) for row in self.connection.execute(query, (id_,)))
        description, created, size, files, tree = rest
        time = datetime.fromisoformat(str(created))
        return Commit(
            repository,
            branch,
            id_,
            parent,
            provenance,
            str(description),
            time,
            int(size),
            int(files),
            str(tree),
        )


def create(path: Path) -> None:
    """Make a new catalogue; it appears as a whole or not at all."""
    partial = path.with_name(f"{path.name}.new")
    partial.unlink(missing_ok=True)
    with sqlite_errors(path), closing(sqlite3.connect(partial, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version = {FORMAT};COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    partial.rename(path)


@contextmanager
def opened(path: Path, *, write: bool) -> Iterator[Catalogue]:
    """Give the catalogue within one transaction: to read a snapshot, or to write and commit at the end."""
    if not path.is_file():
        raise NotFoundError(
            f"no store at {path.parent}: commit something first, or name another one with --store"
        )
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with (
        sqlite_errors(path),
        closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != FORMAT:
            raise StoreError(
                f"{path} has format {version}, this pylib reads {FORMAT}: use the pylib that wrote it"
            )
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        yield Catalogue(connection)
        connection.execute("COMMIT")


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into one line; a transaction that was open is rolled back as it closes."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", "")
        advice = {
            "SQLITE_FULL": "the disk is full; nothing was committed: free space and run it again",
            "SQLITE_BUSY": "another process has kept it locked: try again when that one is done",
        }.get(code, "check the disk's space and health, then `pylib data fsck`")
        raise StoreError(f"catalogue {path}: {error} ({advice})") from error
