"""The versioned store in Pachyderm: the same Protocol over pachd.

A commit is uploaded as a file set, which nobody sees and which expires by itself; only then is the commit
opened, filled and finished, in four short calls. The digest of its tree and its provenance are kept in the
commit's metadata. Commits that others made (pipelines, pachctl) are read once to be hashed.
Names that Pachyderm refuses (not ASCII, or with one of *?[]{}!()@+^) are percent-encoded there.
"""

import contextlib
import json
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
from pachyderm_sdk.api import metadata, pfs

from pylib.errors import NotFoundError, StoreError
from pylib.store import tree
from pylib.store.checkout import check_target, write_stream
from pylib.store.pachd import Pachd
from pylib.store.paths import check_path, check_paths, is_below, matches
from pylib.store.protocol import DEFAULT_BRANCH, AnyCommit, Change, Commit, CommitRef, File, Mode, check_name
from pylib.store.transfer import decode, encode, hash_commit, hash_sources, tar_files, upload

METADATA_KEY = "pylib"
_ATTEMPTS = 20
_CACHED_TREES = 8


class PachydermStore:
    """The `Store` that a pachd keeps."""

    def __init__(self, pachd: Pachd) -> None:
        self._pachd = pachd
        self._trees: OrderedDict[CommitRef, list[File]] = OrderedDict()

    @classmethod
    def from_url(cls, url: str) -> "PachydermStore":
        """Connect to `pachd://host:port`, or for `pachyderm` to what PACHD_ADDRESS names."""
        return cls(Pachd.from_environment(None if url == "pachyderm" else url))

    def create_repository(self, name: str, description: str = "") -> None:
        """Create the repository; one that exists is left as it is."""
        repo = _repo(check_name(name, "repository"))
        try:
            self._pachd.pfs.create_repo(repo=repo, description=description)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                raise self._pachd.error(f"create repository {name}", error) from error

    def list_repositories(self) -> list[str]:
        """Return the names of all repositories of users, sorted."""
        with self._pachd.errors("list repositories"):
            return sorted(info.repo.name for info in self._pachd.pfs.list_repo(type="user"))

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
    ) -> Commit:
        """Commit files by path; see `Store.commit`."""
        check_name(branch, "branch")
        check_paths(files)
        self.create_repository(repository)
        given = hash_sources(files)
        sources = sorted({self.inspect(source).ref for source in provenance})
        for _ in range(_ATTEMPTS):
            head = self._find(CommitRef(repository, branch), wait=True)
            old = self.ls(head) if head and mode == "add" else []
            content = tree.new_tree(old, given, mode, deletions)
            check_paths(file.path for file in content)
            digest = tree.tree_digest(content)
            if head and head.tree == digest:
                return head
            gone = self._paths(head.ref) - {file.path for file in content} if head else set()
            facts = _facts(content, digest, sources)
            fileset = upload(self._pachd, files, given, gone)
            if made := self._finish(CommitRef(repository, branch), head, fileset, description, facts):
                return made
        raise StoreError(f"{repository}@{branch}: other writers came first {_ATTEMPTS} times: try again")

    def head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest finished commit of the branch."""
        return self.inspect(CommitRef(repository, branch))

    def inspect(self, commit: AnyCommit) -> Commit:
        """Return the commit that a reference names; of a branch, the newest finished one."""
        ref = CommitRef.of(commit)
        if found := self._find(ref):
            return found
        if ref.repository not in self.list_repositories():
            known = ", ".join(self.list_repositories()) or "none"
            raise NotFoundError(f"no repository {ref.repository} in the store: it has {known}")
        what = "commit" if ref.is_id else "branch"
        raise NotFoundError(f"no {what} {ref.revision} in repository {ref.repository}")

    def log(self, repository: str, branch: str = DEFAULT_BRANCH, limit: int | None = None) -> list[Commit]:
        """Return the branch's commits, newest first, at most `limit`."""
        newest = _commit(self.head(repository, branch).ref)
        with self._pachd.errors(f"log of {repository}@{branch}"):
            infos = list(
                self._pachd.pfs.list_commit(repo=newest.repo, to=newest, number=limit or 0, all=True)
            )
        return [self._describe(info) for info in infos]

    def ls(self, commit: AnyCommit, path: str = "") -> list[File]:
        """Return the files at or below `path`, sorted by path; the commit is read once, to be hashed."""
        folder = path.strip("/")
        return [file for file in self._tree(self._ref(commit)) if is_below(file.path, folder)]

    def glob(self, commit: AnyCommit, pattern: str) -> list[File]:
        """Return the files that match, sorted by path; `*` stays within a folder, `**` crosses folders."""
        return [file for file in self.ls(commit) if matches(file.path, pattern)]

    def read(self, commit: AnyCommit, path: str) -> bytes:
        """Return the content of one file."""
        ref = self._ref(commit)
        file = pfs.File(commit=_commit(ref), path=f"/{encode(check_path(path))}")
        try:
            info = self._pachd.pfs.inspect_file(file=file)
            if info.file_type == pfs.FileType.FILE:
                return b"".join(part.value for part in self._pachd.pfs.get_file(file=file))
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise self._pachd.error(f"read {path} of {ref}", error) from error
        raise StoreError(f"no file {path} in {ref}: `pylib data ls {ref}` lists what there is")

    def diff(self, old: AnyCommit, new: AnyCommit) -> list[Change]:
        """Return what changed from `old` to `new`, sorted by path."""
        return tree.changes(self.ls(old), self.ls(new))

    def checkout(self, commit: AnyCommit, target: Path, pattern: str = "**") -> Commit:
        """Write the commit's files (those that match) to the new or empty folder `target`, all or nothing."""
        check_target(target)
        found = self.inspect(commit)
        with self._pachd.errors(f"checkout of {found.ref}"):
            stream = tar_files(self._pachd, _commit(found.ref)) if found.files else iter(())
            wanted = ((path, file) for path, file in stream if matches(path, pattern))
            write_stream(wanted, target)
        return found

    def _ref(self, commit: AnyCommit) -> CommitRef:
        """Return a reference by id, so that what follows sees one commit however its branch moves."""
        ref = CommitRef.of(commit)
        return ref if ref.is_id else self.inspect(ref).ref

    def _find(self, ref: CommitRef, *, wait: bool = False) -> Commit | None:
        """Look a commit up; with `wait`, first wait until the branch's newest one is finished."""
        state = pfs.CommitState.FINISHED if wait else pfs.CommitState.STARTED
        try:
            info = self._pachd.pfs.inspect_commit(commit=_commit(ref), wait=state)
            while not _finished(info):
                if ref.is_id:
                    raise StoreError(f"{ref} is not finished, or failed: see `pachctl inspect commit {ref}`")
                if not info.parent_commit.id:
                    return None
                info = self._pachd.pfs.inspect_commit(commit=info.parent_commit)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return None
            raise self._pachd.error(f"inspect {ref}", error) from error
        return self._describe(info)

    def _describe(self, info: pfs.CommitInfo) -> Commit:
        ref = CommitRef(info.commit.repo.name, info.commit.id)
        facts = json.loads(info.metadata.get(METADATA_KEY, "null")) or self._foreign_facts(ref)
        direct = {CommitRef(commit.repo.name, commit.id) for commit in info.direct_provenance}
        return Commit(
            repository=ref.repository,
            branch=info.commit.branch.name,
            id=ref.revision,
            parent=info.parent_commit.id or None,
            provenance=tuple(sorted(direct | {CommitRef.parse(text) for text in facts["provenance"]})),
            description=info.description,
            created=info.started,
            size=facts["size"],
            files=facts["files"],
            tree=facts["tree"],
        )

    def _foreign_facts(self, ref: CommitRef) -> dict[str, Any]:
        content = self._tree(ref)
        return _facts(content, tree.tree_digest(content), ())

    def _tree(self, ref: CommitRef) -> list[File]:
        if ref not in self._trees:
            with self._pachd.errors(f"read {ref}"):
                self._trees[ref] = hash_commit(self._pachd, _commit(ref)) if self._paths(ref) else []
            if len(self._trees) > _CACHED_TREES:
                self._trees.popitem(last=False)
        return self._trees.get(ref, [])

    def _paths(self, ref: CommitRef) -> set[str]:
        """Return the paths of a commit's files, without reading them."""
        with self._pachd.errors(f"list the files of {ref}"):
            infos = self._pachd.pfs.walk_file(file=pfs.File(commit=_commit(ref), path="/"))
            return {decode(info.file.path) for info in infos if info.file_type == pfs.FileType.FILE}

    def _finish(
        self, ref: CommitRef, head: Commit | None, fileset: str, description: str, facts: dict[str, Any]
    ) -> Commit | None:
        """Open a commit on the head, fill and finish it; None where another writer came first."""
        branch = pfs.Branch(repo=_repo(ref.repository), name=ref.revision)
        try:
            commit = self._pachd.pfs.start_commit(branch=branch, description=description)
        except grpc.RpcError as error:
            if "has not been finished" in (error.details() or ""):
                return None
            raise self._pachd.error(f"commit to {ref}", error) from error
        try:
            parent = self._pachd.pfs.inspect_commit(commit=commit).parent_commit.id or None
            if parent == (head.id if head else None):
                self._fill(commit, fileset, facts)
                return self._describe(
                    self._pachd.pfs.inspect_commit(commit=commit, wait=pfs.CommitState.FINISHED)
                )
        except grpc.RpcError as error:
            self._drop(commit)
            raise self._pachd.error(f"commit to {ref}", error) from error
        self._drop(commit)
        return None

    def _fill(self, commit: pfs.Commit, fileset: str, facts: dict[str, Any]) -> None:
        picker = pfs.CommitPicker(
            id=pfs.CommitPickerCommitByGlobalId(repo=commit.repo.as_picker(), id=commit.id)
        )
        key = metadata.EditEditKey(key=METADATA_KEY, value=json.dumps(facts, sort_keys=True))
        self._pachd.pfs.add_file_set(commit=commit, file_set_id=fileset)
        self._pachd.metadata.edit_metadata(edits=[metadata.Edit(commit=picker, edit_key=key)])
        self._pachd.pfs.finish_commit(commit=commit)

    def _drop(self, commit: pfs.Commit) -> None:
        with contextlib.suppress(grpc.RpcError):  # the error that led here is the one to tell
            self._pachd.pfs.drop_commit(commit=commit)


def _repo(name: str) -> pfs.Repo:
    return pfs.Repo(name=name, type="user", project=pfs.Project(name="default"))


def _commit(ref: CommitRef) -> pfs.Commit:
    repo = _repo(ref.repository)
    if ref.is_id:
        return pfs.Commit(repo=repo, id=ref.revision)
    return pfs.Commit(repo=repo, branch=pfs.Branch(repo=repo, name=ref.revision))


def _finished(info: pfs.CommitInfo) -> bool:
    """Tell whether a commit is closed, and good; betterproto gives 1970 where there is no time."""
    return bool(info.finished.timestamp() > 0 and not info.error)


def _facts(content: Sequence[File], digest: str, sources: Sequence[CommitRef]) -> dict[str, Any]:
    return {
        "tree": digest,
        "files": len(content),
        "size": sum(file.size for file in content),
        "provenance": [str(ref) for ref in sources],
    }
