"""A commit in pachd between its opening and its end: waited for, filled and finished, or dropped.

While a branch's newest commit is open, pachd lets nobody else write to the branch, for ever. So a commit is
open for a few short calls only, is dropped on any way out, and carries its writer's mark: what a writer that
was killed leaves behind, the next one drops.
"""

import random
import re
import time
from collections.abc import Callable, Mapping, Sequence

import grpc
from pachyderm_sdk.api import metadata, pfs

from pylib.errors import StoreError
from pylib.store.pachd import Pachd, reason
from pylib.store.pachyderm_names import NO_DESCRIPTION, handle, happened, ref_of, repo
from pylib.store.pachyderm_writer import is_gone, is_mark, marked
from pylib.store.protocol import CommitRef
from pylib.termination import terminable

OPEN_SECONDS = 30.0
"""How long a writer has its commit open at most; it takes about 0.1 s. After twice that it is gone."""

_STRANGER_SECONDS = 10.0
_CLEANUP_SECONDS = 10.0


class OvertakenError(Exception):
    """Another writer came first: look at the branch again."""


def settled_head(pachd: Pachd, branch: CommitRef) -> pfs.CommitInfo | None:
    """Return the branch's newest commit when nobody has it open any more; None where there is no branch.

    A commit that a writer of ours left behind is dropped; one that another has open is named.
    """
    seen: dict[str, float] = {}
    while True:
        try:
            info = pachd.pfs.inspect_commit(commit=handle(branch))
            if not happened(info, "finishing"):
                _heal(pachd, info, time.monotonic() - seen.setdefault(info.commit.id, time.monotonic()))
                time.sleep(random.uniform(0.02, 0.2))  # noqa: S311 (so that writers do not come in step)
                continue
            if not happened(info, "finished"):
                info = pachd.pfs.inspect_commit(
                    commit=handle(ref_of(info.commit)), wait=pfs.CommitState.FINISHED
                )
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return None
            if not _deleted(error):
                raise pachd.error(f"inspect {branch}", error) from error
        else:
            return info


def add_commit(
    pachd: Pachd,
    branch: CommitRef,
    parent: str | None,
    filesets: Sequence[str],
    facts: Mapping[str, str],
    description: str,
    only_if: Callable[[], None] | None = None,
) -> pfs.CommitInfo:
    """Add a finished commit of file sets on the parent, with facts as its metadata.

    only_if: asked while it is open, when nobody else can write to the branch
    Raises OvertakenError where another writer moved the branch meanwhile; then nothing is left of it.
    """
    with marked() as mark:
        try:
            with terminable(), pachd.within(OPEN_SECONDS):
                commit = _start(pachd, branch, parent, mark)
                _fill(pachd, commit, filesets, facts)
                if only_if:
                    only_if()
                pachd.pfs.finish_commit(commit=commit, description=description or NO_DESCRIPTION)
            return _good(pachd, pachd.pfs.inspect_commit(commit=commit, wait=pfs.CommitState.FINISHED))
        except BaseException as error:
            _drop_marked(pachd, branch, mark)
            if isinstance(error, grpc.RpcError):
                if _came_first(error):
                    raise OvertakenError from error
                raise pachd.error(f"commit to {branch}", error) from error
            raise


def _start(pachd: Pachd, branch: CommitRef, parent: str | None, mark: str) -> pfs.Commit:
    """Open a commit, which then holds other writers off, if the branch's head is still the parent."""
    target = pfs.Branch(repo=repo(branch.repository), name=branch.revision)
    started = pachd.pfs.start_commit(branch=target, description=mark)
    commit = handle(CommitRef(branch.repository, started.id))
    if (pachd.pfs.inspect_commit(commit=commit).parent_commit.id or None) != parent:
        raise OvertakenError
    return commit


def _fill(pachd: Pachd, commit: pfs.Commit, filesets: Sequence[str], facts: Mapping[str, str]) -> None:
    picker = pfs.CommitPicker(id=pfs.CommitPickerCommitByGlobalId(repo=commit.repo.as_picker(), id=commit.id))
    keys = [metadata.EditEditKey(key=key, value=value) for key, value in facts.items()]
    for fileset in filesets:
        pachd.pfs.add_file_set(commit=commit, file_set_id=fileset)
    pachd.metadata.edit_metadata(edits=[metadata.Edit(commit=picker, edit_key=key) for key in keys])


def _good(pachd: Pachd, info: pfs.CommitInfo) -> pfs.CommitInfo:
    """Return a finished commit; one that pachd found wrong at its end is dropped."""
    if info.error:
        pachd.pfs.drop_commit(commit=handle(ref_of(info.commit)))
        raise StoreError(f"pachd {pachd.address}: commit refused: {' '.join(info.error.split())}")
    return info


def _drop_marked(pachd: Pachd, branch: CommitRef, mark: str) -> None:
    """Drop the commit of this mark, if pachd made one; its id may have been lost on the way."""
    try:
        with pachd.within(_CLEANUP_SECONDS):
            info = pachd.pfs.inspect_commit(commit=handle(branch))
            if info.description == mark and not happened(info, "finishing"):
                pachd.pfs.drop_commit(commit=handle(ref_of(info.commit)))
    except grpc.RpcError:  # the error that led here is the one to tell; the next writer drops what is left
        pass


def _heal(pachd: Pachd, info: pfs.CommitInfo, waited: float) -> None:
    """Drop an open commit whose writer is gone; `StoreError` where it is another's and stays open."""
    ref = ref_of(info.commit)
    if is_mark(info.description):
        if is_gone(info.description) or waited > 2 * OPEN_SECONDS:
            _drop_left(pachd, ref)
    elif waited > _STRANGER_SECONDS:
        raise StoreError(
            f"pachd {pachd.address}: commit {ref} is open since {info.started:%Y-%m-%d %H:%M:%S} UTC and not "
            f"ours: finish it, or if its writer is gone, `pachctl delete commit {ref}`"
        )


def _drop_left(pachd: Pachd, ref: CommitRef) -> None:
    """Drop a commit that is open still: its writer may have finished it, and ended, after we saw it open."""
    try:
        if not happened(pachd.pfs.inspect_commit(commit=handle(ref)), "finishing"):
            pachd.pfs.drop_commit(commit=handle(ref))
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.NOT_FOUND:  # else another writer dropped it first
            raise pachd.error(
                f"drop commit {ref}, whose writer is gone (`pachctl delete commit {ref}`)", error
            ) from error


def _came_first(error: grpc.RpcError) -> bool:
    """Tell whether a call failed because of another writer: it has a commit open, or dropped ours."""
    gone = re.search(r"\bcommit \S+ not found", reason(error))
    return bool(gone) or "has not been finished" in reason(error) or _deleted(error)


def _deleted(error: grpc.RpcError) -> bool:
    """Tell whether the commit that a call waited for was dropped."""
    return error.code() == grpc.StatusCode.UNKNOWN and "was deleted" in reason(error)
