"""Repositories and commits as pachd names them, and what it says of a commit."""

from pachyderm_sdk.api import pfs

from pylib.store.protocol import CommitRef

METADATA_KEY, LISTING_KEY = "pylib", "pylib-files"
"""The keys in a commit's metadata of the store's facts, and of the listing of its files."""

NO_DESCRIPTION = " "
"""What stands for an empty description: FinishCommit would leave the one of StartCommit in its place."""


def project() -> pfs.Project:
    """Return the one project that the store uses."""
    return pfs.Project(name="default")


def repo(name: str) -> pfs.Repo:
    """Return the user's repository of that name."""
    return pfs.Repo(name=name, type="user", project=project())


def handle(ref: CommitRef) -> pfs.Commit:
    """Return what names a commit to pachd.

    Beside an id stands a branch without a name: pachd panics where what it takes for no id (any but a
    UUIDv4) comes without a branch, and answers NOT_FOUND where there is one.
    """
    home = repo(ref.repository)
    if ref.is_id:
        return pfs.Commit(repo=home, id=ref.revision, branch=pfs.Branch(repo=home))
    return pfs.Commit(repo=home, branch=pfs.Branch(repo=home, name=ref.revision))


def ref_of(commit: pfs.Commit) -> CommitRef:
    """Return the reference, by id, of a commit that pachd names."""
    return CommitRef(commit.repo.name, commit.id)


def happened(info: pfs.CommitInfo, what: str) -> bool:
    """Tell whether `finishing` or `finished` has a time; betterproto gives 1970 where there is none."""
    return bool(getattr(info, what).timestamp() > 0)


def description_of(info: pfs.CommitInfo) -> str:
    """Return what its writer said of a finished commit."""
    return "" if info.description == NO_DESCRIPTION else str(info.description)


def is_good(info: pfs.CommitInfo) -> bool:
    """Tell whether a commit is closed, and did not fail."""
    return happened(info, "finished") and not info.error
