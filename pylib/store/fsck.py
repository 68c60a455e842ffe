"""Is a local store whole? Every blob is read and hashed, every tree and commit id computed again."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pylib.errors import StoreError
from pylib.store.blobs import on_disk, parallel
from pylib.store.catalogue import Catalogue
from pylib.store.copying import copy_hashed
from pylib.store.local import LocalStore
from pylib.store.protocol import Commit
from pylib.store.tree import commit_id, tree_digest

Kind = Literal["missing", "damaged", "catalogue"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a blob that is missing or damaged, or a row of the catalogue."""

    kind: Kind
    subject: str
    detail: str


@dataclass
class FsckReport:
    """What was found. Orphans, blobs that no commit needs, are left by interrupted commits: no problem."""

    commits: int = 0
    blobs: int = 0
    size: int = 0
    problems: list[Problem] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    forgotten: list[Problem] = field(default_factory=list)
    """What is missing because somebody had it forgotten: no problem, `detail` says who, when and why."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def fsck(store: LocalStore, *, quick: bool = False) -> FsckReport:
    """Check the whole store beside its users; `quick` looks at the sizes of blobs, not at their content."""
    report = FsckReport()
    needed: dict[str, int] = {}
    try:
        with store.catalogue() as records:
            report.problems += _check_database(records, quick=quick)
            commits = records.commits()
            report.commits = len(commits)
            report.problems += _check_commits(records, commits)
            needed = records.blobs()
    except StoreError as error:
        if not store.catalogue_path.is_file():
            raise
        report.problems.append(Problem("catalogue", str(store.catalogue_path), str(error)))
    report.blobs, report.size = len(needed), sum(needed.values())
    report.orphans = [name for name, _ in on_disk(store.blobs) if name not in needed]
    checks = parallel(lambda blob: _check_blob(store, *blob, quick=quick), sorted(needed.items()), "fsck")
    report.problems += [problem for problem in checks if problem]
    return report


def _check_database(records: Catalogue, *, quick: bool) -> Iterator[Problem]:
    check = "quick_check" if quick else "integrity_check"
    for (message,) in records.connection.execute(f"PRAGMA {check}"):
        if message != "ok":
            yield Problem("catalogue", "database", message)
    for table, row, parent, _ in records.connection.execute("PRAGMA foreign_key_check"):
        yield Problem("catalogue", f"{table} row {row}", f"refers to a row of {parent} that is not there")


def _check_commits(records: Catalogue, commits: list[Commit]) -> Iterator[Problem]:
    trees: dict[str, str] = {}
    for commit in commits:
        if commit.tree not in trees:
            files = records.files(commit.tree)
            trees[commit.tree] = tree_digest(files)
            if (len(files), sum(file.size for file in files)) != (commit.files, commit.size):
                yield Problem(
                    "catalogue", f"tree {commit.tree}", "the count or the size of its files differs"
                )
        if trees[commit.tree] != commit.tree:
            yield Problem("catalogue", f"tree {commit.tree}", "its files have another digest")
        if commit_id(commit.repository, commit.parent, commit.tree, commit.provenance) != commit.id:
            yield Problem("catalogue", f"commit {commit.ref}", "its content has another id")


def _check_blob(store: LocalStore, sha256: str, size: int, *, quick: bool) -> Problem | None:
    path = store.blobs.path(sha256)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return Problem("missing", sha256, f"{path}: {error.strerror}")
    try:
        if os.fstat(descriptor).st_size != size:
            return Problem("damaged", sha256, f"{path} has {os.fstat(descriptor).st_size} bytes, not {size}")
        if not quick and copy_hashed(descriptor, None)[0] != sha256:
            return Problem("damaged", sha256, f"{path} has another content")
    except OSError as error:
        return Problem("damaged", sha256, f"{path}: {error.strerror}")
    finally:
        os.close(descriptor)
    return None
