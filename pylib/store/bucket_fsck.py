"""Is a store in a bucket whole? Every blob is read and hashed, every tree and commit id computed again."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pylib.errors import StoreError
from pylib.store import bucket_blobs, bucket_history
from pylib.store.blobs import parallel
from pylib.store.bucket import BucketStore
from pylib.store.bucket_gc import old_entries
from pylib.store.fsck import FsckReport, Problem
from pylib.store.objects import Entry
from pylib.store.protocol import Commit, CommitRef, File


def fsck(store: BucketStore, *, quick: bool = False) -> FsckReport:
    """Check the whole store beside its users; `quick` looks at the sizes of blobs, not at their content."""
    store.open()
    report = FsckReport()
    commits = list(_read_commits(store, report.problems))
    report.commits = len({commit.ref for commit in commits})
    report.problems += _check_references(commits)
    needed = _read_trees(store, commits, report.problems)
    there = store.blobs.look(needed)
    report.blobs, report.size = len(needed), sum(file.size for file in needed.values())
    checks = parallel(
        lambda file: _check_blob(store, file, there.get(file.sha256), quick=quick),
        list(needed.values()),
        "fsck",
        workers=bucket_blobs.AT_ONCE,
        batch=1,
    )
    report.problems += [problem for problem in checks if problem]
    report.orphans = _orphans(store, commits, needed)
    return report


def _read_commits(store: BucketStore, problems: list[Problem]) -> Iterator[Commit]:
    """Yield the commits that can be read; heads first, as one that is a head no more has its own object."""
    for folder in (bucket_history.BRANCHES, bucket_history.COMMITS):
        for entry in store.objects.entries(folder):
            try:
                commit = store.history.load(entry.key)
            except StoreError as error:
                problems.append(Problem("catalogue", entry.key, str(error)))
                continue
            keys = {
                bucket_history.branch_key(commit.repository, commit.branch),
                bucket_history.commit_key(commit.ref),
            }
            if entry.key not in keys:
                problems.append(Problem("catalogue", entry.key, f"it holds another commit, {commit.ref}"))
            yield commit


def _check_references(commits: Iterable[Commit]) -> Iterator[Problem]:
    known = {commit.ref for commit in commits}
    for commit in commits:
        parents = [CommitRef(commit.repository, commit.parent)] if commit.parent else []
        for ref in {*parents, *commit.provenance} - known:
            yield Problem("catalogue", f"commit {commit.ref}", f"refers to {ref}, which is not there")


def _read_trees(store: BucketStore, commits: Iterable[Commit], problems: list[Problem]) -> dict[str, File]:
    """Return a file of each content that some commit needs, by SHA-256."""
    needed: dict[str, File] = {}
    claimed: dict[str, set[tuple[int, int]]] = {}
    for commit in commits:
        claimed.setdefault(commit.tree, set()).add((commit.files, commit.size))
    for digest, figures in claimed.items():
        try:
            files = store.history.files(digest)
        except StoreError as error:
            problems.append(Problem("catalogue", f"tree {digest}", str(error)))
            continue
        if figures != {(len(files), sum(file.size for file in files))}:
            detail = "the count or the size of its files differs from a commit's"
            problems.append(Problem("catalogue", f"tree {digest}", detail))
        needed |= {file.sha256: file for file in files}
    return needed


def _check_blob(store: BucketStore, file: File, there: Entry | None, *, quick: bool) -> Problem | None:
    if not there:
        return Problem("missing", file.sha256, f"{bucket_blobs.key(file.sha256)} is not there")
    if there.size != file.size:
        return Problem("damaged", file.sha256, f"{there.key} has {there.size} bytes, not {file.size}")
    if not quick and (wrong := store.blobs.check(file)):
        return Problem("damaged", file.sha256, wrong)
    return None


def _orphans(store: BucketStore, commits: Iterable[Commit], needed: Iterable[str]) -> list[str]:
    """Return what `gc` would delete."""
    keys = {bucket_blobs.key(sha256) for sha256 in needed} | {
        bucket_history.tree_key(each.tree) for each in commits
    }
    return [entry.key for entry in old_entries(store, datetime.now(UTC)) if entry.key not in keys]
