"""The versioned store in Pachyderm: the same Protocol over pachd.

A commit is uploaded as a file set, which nobody sees and which expires by itself; only then is the commit
opened, filled and finished, in a few short calls. Its branch, provenance, the digest of its tree and the
listing of its files are kept in the commit's metadata. Commits that others made (pipelines, pachctl) are read
once to be hashed.
Names that Pachyderm refuses (not ASCII, or with one of *?[]{}!()@+^) are percent-encoded there.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from pachyderm_sdk.api import pfs

from pylib.errors import NotFoundError, StoreError
from pylib.store import tree
from pylib.store.checkout import check_target, write_stream
from pylib.store.pachd import Pachd
from pylib.store.pachyderm_commit import OvertakenError, add_commit, settled_head
from pylib.store.pachyderm_listing import pack
from pylib.store.pachyderm_names import (
    LISTING_KEY,
    METADATA_KEY,
    description_of,
    handle,
    is_good,
    project,
    ref_of,
    repo,
)
from pylib.store.pachyderm_transfer import Upload, hash_commit, names, tar_files, upload_deletions
from pylib.store.pachyderm_trees import Trees
from pylib.store.paths import check_path, check_paths, is_below, matches
from pylib.store.protocol import (
    DEFAULT_BRANCH,
    AnyCommit,
    Change,
    Commit,
    CommitRef,
    File,
    Mode,
    OnlyIf,
    check_name,
)

_ATTEMPTS = 100


class PachydermStore:
    """The `Store` that a pachd keeps."""

    def __init__(self, pachd: Pachd) -> None:
        self._pachd = pachd
        self._trees = Trees(pachd)

    @classmethod
    def from_url(cls, url: str) -> "PachydermStore":
        """Connect to `pachd://host:port`, or for `pachyderm` to what PACHD_ADDRESS names."""
        return cls(Pachd.from_environment(None if url == "pachyderm" else url))

    def create_repository(self, name: str, description: str = "") -> None:
        """Create the repository; one that exists is left as it is, which needs no right to create one."""
        wanted = repo(check_name(name, "repository"))
        with self._pachd.errors(f"create repository {name}"):
            try:
                self._pachd.pfs.inspect_repo(repo=wanted)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise
                self._create(wanted, description)

    def _create(self, wanted: pfs.Repo, description: str) -> None:
        try:
            self._pachd.pfs.create_repo(repo=wanted, description=description)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                raise

    def list_repositories(self) -> list[str]:
        """Return the names of all repositories of users in the default project, sorted."""
        with self._pachd.errors("list repositories"):
            found = self._pachd.pfs.list_repo(type="user", projects=[project()])
            return sorted(info.repo.name for info in found)

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
        target = CommitRef(repository, check_name(branch, "branch"))
        check_paths(files)
        self.create_repository(repository)
        upload = Upload(self._pachd, files)
        sources = sorted({self.inspect(source).ref for source in provenance})
        for _ in range(_ATTEMPTS):
            try:
                return self._attempt(target, upload, mode, deletions, sources, description, only_if)
            except OvertakenError:
                continue
        raise StoreError(f"{target}: other writers came first {_ATTEMPTS} times: try again")

    def _attempt(
        self,
        branch: CommitRef,
        upload: Upload,
        mode: Mode,
        deletions: Collection[str],
        sources: Sequence[CommitRef],
        description: str,
        only_if: OnlyIf | None,
    ) -> Commit:
        parent, head = self._parent_and_head(branch)
        old = self.ls(head) if head and mode == "add" else []
        content = tree.new_tree(old, upload.files, mode, deletions)
        check_paths(file.path for file in content)
        facts = _facts(content, sources) | {"branch": branch.revision, "first": head is None}
        if head and head.tree == facts["tree"]:
            return head
        before = self._trees.paths(head.ref) if head and head.files else set()
        gone = before - ({file.path for file in content} - {file.path for file in upload.files})
        filesets = [*([upload_deletions(self._pachd, gone)] if gone else []), *upload.filesets()]
        kept = {METADATA_KEY: json.dumps(facts, sort_keys=True), LISTING_KEY: pack(content) or ""}
        asked = partial(only_if, head) if only_if else None
        info = add_commit(self._pachd, branch, parent, filesets, kept, description, asked)
        self._trees.keep(ref_of(info.commit), content)
        return self._describe(info, branch.revision)

    def head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest finished commit of the branch."""
        return self.inspect(CommitRef(repository, branch))

    def fenced_head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest commit of the branch when nobody has one open that was allowed before this."""
        settled_head(self._pachd, CommitRef(repository, branch))
        return self.head(repository, branch)

    def inspect(self, commit: AnyCommit) -> Commit:
        """Return the commit that a reference names; of a branch, the newest finished one."""
        ref = CommitRef.of(commit)
        if found := self._find(ref):
            return found
        if ref.repository not in (repositories := self.list_repositories()):
            known = ", ".join(repositories) or "none"
            raise NotFoundError(f"no repository {ref.repository} in the store: it has {known}")
        what = "commit" if ref.is_id else "branch"
        raise NotFoundError(f"no {what} {ref.revision} in repository {ref.repository}")

    def log(self, repository: str, branch: str = DEFAULT_BRANCH, limit: int | None = None) -> list[Commit]:
        """Return the branch's commits, newest first, at most `limit`."""
        newest = handle(self.head(repository, branch).ref)
        with self._pachd.errors(f"log of {repository}@{branch}"):
            infos = self._pachd.pfs.list_commit(repo=newest.repo, to=newest, number=limit or 0, all=True)
            shown = [info for info in infos if is_good(info)]
        return [self._describe(info, branch) for info in shown if not self._is_void(info)]

    def ls(self, commit: AnyCommit, path: str = "") -> list[File]:
        """Return the files at or below `path`, sorted by path; all of them by default."""
        folder = path.strip("/")
        return [file for file in self._trees.of(self._ref(commit)) if is_below(file.path, folder)]

    def glob(self, commit: AnyCommit, pattern: str) -> list[File]:
        """Return the files that match, sorted by path; `*` stays within a folder, `**` crosses folders."""
        return [file for file in self.ls(commit) if matches(file.path, pattern)]

    def read(self, commit: AnyCommit, path: str) -> bytes:
        """Return the content of one file."""
        ref = self._ref(commit)
        for name in names(check_path(path)):
            file = pfs.File(commit=handle(ref), path=name)
            try:
                info = self._pachd.pfs.inspect_file(file=file)
                if info.file_type == pfs.FileType.FILE:
                    return b"".join(part.value for part in self._pachd.pfs.get_file(file=file))
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise self._pachd.error(f"read {path} of {ref}", error) from error
        raise StoreError(f"no file {path} in {ref}: `pylib data ls {ref}` lists what there is")

    def digests(self, commit: AnyCommit, paths: Collection[str]) -> dict[str, str | None]:
        """Return the SHA-256 of what the files hold, read once for all; None for one that is not there."""
        ref = self._ref(commit)
        with self._pachd.errors(f"read {ref}"):
            found = {file.path: file.sha256 for file in hash_commit(self._pachd, handle(ref))}
        return {path: found.get(path) for path in paths}

    def diff(self, old: AnyCommit, new: AnyCommit) -> list[Change]:
        """Return what changed from `old` to `new`, sorted by path."""
        return tree.changes(self.ls(old), self.ls(new))

    def checkout(self, commit: AnyCommit, target: Path, pattern: str = "**") -> Commit:
        """Write the commit's files (those that match) to the new or empty folder `target`, all or nothing."""
        check_target(target)
        found = self.inspect(commit)
        with self._pachd.errors(f"checkout of {found.ref}"):
            stream = tar_files(self._pachd, handle(found.ref))
            wanted = ((path, file) for path, file in stream if matches(path, pattern))
            write_stream(wanted, target)
        return found

    def _ref(self, commit: AnyCommit) -> CommitRef:
        """Return a reference by id, so that what follows sees one commit however its branch moves."""
        ref = CommitRef.of(commit)
        return ref if ref.is_id else self.inspect(ref).ref

    def _find(self, ref: CommitRef) -> Commit | None:
        """Look a commit up; of a branch the newest that is finished, good, and not a mere beginning."""
        try:
            info = self._pachd.pfs.inspect_commit(commit=handle(ref))
            if ref.is_id and not is_good(info):
                raise StoreError(f"{ref} is not finished, or failed: see `pachctl inspect commit {ref}`")
            while not is_good(info) or (not ref.is_id and self._is_void(info)):
                if not info.parent_commit.id:
                    return None
                info = self._pachd.pfs.inspect_commit(commit=handle(ref_of(info.parent_commit)))
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return None
            raise self._pachd.error(f"inspect {ref}", error) from error
        return self._describe(info, "" if ref.is_id else ref.revision)

    def _parent_and_head(self, branch: CommitRef) -> tuple[str | None, Commit | None]:
        """Return what pachd would make the parent of a new commit, and what it is to us: maybe nothing."""
        info = settled_head(self._pachd, branch)
        if info is None:
            return None, None
        ref = ref_of(info.commit)
        if info.error:
            reason = " ".join(info.error.split())
            raise StoreError(
                f"{branch}: commit {ref} failed ({reason}): drop it, `pachctl delete commit {ref}`"
            )
        return ref.revision, None if self._is_void(info) else self._describe(info, branch.revision)

    def _is_void(self, info: pfs.CommitInfo) -> bool:
        """Tell whether pachd itself made the commit, without files, only to give a branch a head."""
        return info.origin.kind == pfs.OriginKind.AUTO and not self._trees.of(ref_of(info.commit))

    def _describe(self, info: pfs.CommitInfo, branch: str = "") -> Commit:
        """Describe a finished commit; `branch` is the one asked for, as pachd does not say."""
        ref = ref_of(info.commit)
        facts = json.loads(info.metadata.get(METADATA_KEY, "null")) or self._foreign_facts(info)
        direct = {ref_of(commit) for commit in info.direct_provenance}
        return Commit(
            repository=ref.repository,
            branch=facts.get("branch") or branch,
            id=ref.revision,
            parent=None if facts.get("first") else info.parent_commit.id or None,
            provenance=tuple(sorted(direct | {CommitRef.parse(text) for text in facts["provenance"]})),
            description=description_of(info),
            created=info.started,
            size=facts["size"],
            files=facts["files"],
            tree=facts["tree"],
        )

    def _foreign_facts(self, info: pfs.CommitInfo) -> dict[str, Any]:
        facts = _facts(self._trees.of(ref_of(info.commit)), ())
        if not info.parent_commit.id:
            return facts
        ref = ref_of(info.parent_commit)
        with self._pachd.errors(f"inspect {ref}"):
            parent = self._pachd.pfs.inspect_commit(commit=handle(ref))
        return facts | {"first": self._is_void(parent)}


def _facts(content: Sequence[File], sources: Sequence[CommitRef]) -> dict[str, Any]:
    return {
        "tree": tree.tree_digest(content),
        "files": len(content),
        "size": sum(file.size for file in content),
        "provenance": [str(ref) for ref in sources],
    }
