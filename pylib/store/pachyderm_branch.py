"""A branch of Pachyderm's without what is in it: its newest finished commit, asked for by id alone.

`PachydermStore` reads a commit that others made to hash it; who only asks which commit is the newest need not
wait.
"""

import grpc
from pachyderm_sdk.api import pfs

from pylib.store.pachd import Pachd, reason


def newest(pachd: Pachd, repository: str, branch: str) -> str | None:
    """The id of the branch's newest commit that is finished and good; None where there is none.

    An open commit is none yet: its writer may drop it. Raises StoreError.
    """
    repo = pfs.Repo(name=repository, type="user", project=pfs.Project(name="default"))
    commit = pfs.Commit(repo=repo, branch=pfs.Branch(repo=repo, name=branch))
    try:
        info = pachd.pfs.inspect_commit(commit=commit, wait=pfs.CommitState.STARTED)
        while not _is_good(info):
            if not info.parent_commit.id:
                return None
            info = pachd.pfs.inspect_commit(commit=info.parent_commit)
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.NOT_FOUND:
            return None
        raise pachd.error(f"inspect {repository}@{branch}", error) from error
    return str(info.commit.id)


def is_empty(pachd: Pachd, repository: str, commit: str) -> bool:
    """Whether a commit holds no file, as the first one of a branch does that was made with the branch."""
    repo = pfs.Repo(name=repository, type="user", project=pfs.Project(name="default"))
    # With its branch's repository, as a bare id that is none makes pachd panic.
    named = pfs.Commit(repo=repo, id=commit, branch=pfs.Branch(repo=repo))
    try:
        infos = pachd.pfs.walk_file(file=pfs.File(commit=named, path="/"))
        return not any(info.file_type == pfs.FileType.FILE for info in infos)
    except grpc.RpcError as error:
        if "file / not found" in reason(error):  # so pachd says that there is nothing
            return True
        raise pachd.error(f"list the files of {repository}@{commit}", error) from error


def _is_good(info: pfs.CommitInfo) -> bool:
    """Closed and without an error; betterproto gives 1970 where there is no time."""
    return bool(info.finished.timestamp() > 0 and not info.error)
