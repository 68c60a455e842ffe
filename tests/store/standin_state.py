"""What a small pachd keeps and does: PFS of pachd 2.12 as far as a client of the store can tell.

Seen by running a real one, and read in its source (src/server/pfs/server). A commit never says its branch;
what is no UUIDv4 is taken for a branch, and ends in a panic where no branch is beside it; who waits for a
commit really waits, and is told when it is dropped; a commit finishes some time after FinishCommit returned;
the first commit of a branch leaves an empty one when it is dropped; descriptions are overwritten, but not by
an empty one; errors have several lines.
"""

import io
import re
import tarfile
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Condition, RLock

import grpc
from betterproto import which_one_of
from betterproto.lib.google.protobuf import BytesValue, Empty
from pachyderm_sdk.api import metadata, pfs

from tests.store.standin_errors import PANIC, RefusedError, named, not_found, repo_key, unknown

ACCEPTED_PATH = re.compile(r"[ -~]+")
REFUSED_IN_PATH = re.compile(r"[*?\[\]{}!()@+^]")
UUID4 = re.compile(r"[0-9a-f]{12}4[0-9a-f]{19}")
NAME = re.compile(r"[a-zA-Z0-9_-]+")


@dataclass
class Held:
    """A commit: what is told of it, its branch, which is not told, and its files."""

    info: pfs.CommitInfo
    branch: str
    files: dict[str, bytes] = field(default_factory=dict)
    dropped: bool = False


class State:
    def __init__(self):
        self.lock = RLock()
        self.changed = Condition(self.lock)
        self.projects = {"default"}
        self.repos = {}
        self.commits = {}
        self.heads = {}
        self.filesets = {}
        self.finishing_seconds = 0.01
        self.piece = 100_000

    # projects and repositories

    def create_project(self, request):
        self.projects.add(request.project.name)
        return Empty()

    def create_repo(self, request):
        if not NAME.fullmatch(request.repo.name):
            raise unknown(f"name ({request.repo.name}) invalid: only alphanumeric characters, …")
        if repo_key(request.repo) in self.repos:
            raise RefusedError(grpc.StatusCode.ALREADY_EXISTS, f"repo {named(request.repo)} already exists")
        self.repos[repo_key(request.repo)] = pfs.RepoInfo(repo=request.repo, description=request.description)
        return Empty()

    def inspect_repo(self, request):
        if repo_key(request.repo) not in self.repos:
            raise not_found(f"repo {named(request.repo)} not found")
        return self.repos[repo_key(request.repo)]

    def list_repo(self, request):
        """All projects' repositories, unless some are named."""
        wanted = {project.name for project in request.projects} or self.projects
        for (project, _), info in self.repos.items():
            if project in wanted and info.repo.type == request.type:
                yield info

    def delete_repo(self, request):
        key = repo_key(request.repo)
        self.repos.pop(key, None)
        self.commits = {name: held for name, held in self.commits.items() if name[0] != key}
        self.heads = {name: head for name, head in self.heads.items() if name[0] != key}
        return pfs.DeleteRepoResponse(deleted=True)

    # commits

    def pick(self, commit) -> Held:
        key, name = repo_key(commit.repo), commit.id
        if key not in self.repos:
            raise not_found(f"repo {named(commit.repo)} not found")
        if UUID4.fullmatch(name):
            if (key, name) not in self.commits:
                raise not_found(f"commit {named(commit.repo)}@{name} not found")
            return self.commits[key, name]
        if (head := self.heads.get((key, name or commit.branch.name))) is None:
            if commit.branch is None or not commit.branch.repo.name:
                raise RefusedError(grpc.StatusCode.ABORTED, PANIC)
            raise not_found(f'branch "{commit.branch.name}" not found in repo {named(commit.repo)}')
        return self.commits[key, head]

    def start_commit(self, request):
        repo, branch = request.branch.repo, request.branch.name
        if repo_key(repo) not in self.repos:
            raise not_found(f"repo {named(repo)} not found")
        if not NAME.fullmatch(branch):
            raise unknown(f"name ({branch}) invalid: only alphanumeric characters, …")
        parent = self.heads.get((repo_key(repo), branch))
        before = self.commits[repo_key(repo), parent] if parent else None
        if before and not given(before.info.finishing):
            raise unknown(f"create commit: parent commit {named(repo)}@{parent} has not been finished")
        held = self.add(repo, branch, pfs.OriginKind.USER, before)
        held.info.description = request.description
        return pfs.Commit(repo=repo, id=held.info.commit.id, branch=request.branch)

    def add(self, repo, branch, kind, before=None) -> Held:
        info = pfs.CommitInfo(
            commit=pfs.Commit(repo=repo, id=uuid.uuid4().hex),
            origin=pfs.CommitOrigin(kind=kind),
            started=datetime.now(UTC),
        )
        held = Held(info, branch)
        if before:
            info.parent_commit = before.info.commit
            before.info.child_commits = [*before.info.child_commits, info.commit]
            held.files = dict(before.files)
        self.commits[repo_key(repo), info.commit.id] = held
        self.heads[repo_key(repo), branch] = info.commit.id
        return held

    def finish_commit(self, request):
        held = self.unfinished(request.commit)
        held.info.description = request.description or held.info.description
        held.info.finishing = datetime.now(UTC)
        self.changed.notify_all()
        timer = threading.Timer(self.finishing_seconds, self.finish, [held])
        timer.daemon = True
        timer.start()
        return Empty()

    def unfinished(self, commit) -> Held:
        held = self.pick(commit)
        if given(held.info.finishing):
            raise unknown(f"commit {named(commit.repo)}@{held.info.commit.id} has already finished")
        return held

    def finish(self, held):
        with self.lock:
            held.info.finished = datetime.now(UTC)
            self.changed.notify_all()

    def drop_commit(self, request):
        held = self.pick(request.commit)
        repo, name = held.info.commit.repo, held.info.commit.id
        if held.info.child_commits:
            raise unknown(f"cannot drop a commit that has children: {named(repo)}@{name}")
        del self.commits[repo_key(repo), name]
        held.dropped = True
        parent = self.commits.get((repo_key(repo), held.info.parent_commit.id))
        if parent:
            parent.info.child_commits = []
            self.heads[repo_key(repo), held.branch] = parent.info.commit.id
        else:
            empty = self.add(repo, held.branch, pfs.OriginKind.AUTO).info
            empty.finishing = empty.finished = empty.started
        self.changed.notify_all()
        return pfs.DropCommitResponse()

    def inspect_commit(self, request):
        held = self.pick(request.commit)
        if request.wait == pfs.CommitState.FINISHING:
            self.wait(held, "finishing")
        if request.wait == pfs.CommitState.FINISHED:
            self.wait(held, "finished")
        return held.info

    def wait(self, held, what):
        """Wait as pachd does: until it is so, or the commit is dropped; the deadline is the client's."""
        commit = held.info.commit
        while not given(getattr(held.info, what)):
            self.changed.wait(60)
            if held.dropped:
                raise unknown(
                    f"inspect finishing or finished commit: watch commit\n"
                    f"commit {named(commit.repo)}@{commit.id} was deleted"
                )

    def list_commit(self, request):
        held, number = self.pick(request.to), request.number or -1
        while held and number:
            yield held.info
            parent = held.info.parent_commit
            held, number = (self.pick(parent) if parent.id else None), number - 1

    def edit_metadata(self, request):
        for edit in request.edits:
            picked = edit.commit.id
            repo = pfs.Repo(name=picked.repo.name.name, project=pfs.Project(name="default"))
            held = self.pick(pfs.Commit(repo=repo, id=picked.id))
            held.info.metadata[edit.edit_key.key] = edit.edit_key.value
        return metadata.EditMetadataResponse()

    # files

    def create_file_set(self, requests):
        changes = []
        for request in requests:
            kind, body = which_one_of(request, "body")
            path = body.path
            relative = {".", ".."} & set(path.split("/"))
            if not ACCEPTED_PATH.fullmatch(path) or REFUSED_IN_PATH.search(path) or relative:
                raise unknown(f"path ({path}) invalid")
            changes.append((kind, path, body.raw if kind == "add_file" else None))
        name = uuid.uuid4().hex
        self.filesets[name] = changes
        return pfs.CreateFileSetResponse(file_set_id=name)

    def add_file_set(self, request):
        held = self.unfinished(request.commit)
        for kind, path, raw in self.filesets[request.file_set_id]:
            if kind == "delete_file":
                held.files.pop(path, None)
            else:
                held.files[path] = held.files.get(path, b"") + raw
        return Empty()

    def files_of(self, file) -> dict[str, bytes]:
        held = self.pick(file.commit)
        if given(held.info.finishing):
            self.wait(held, "finished")
        return held.files

    def missing(self, file):
        return not_found(f"file {file.path} not found in repo {named(file.commit.repo)} at commit …")

    def walk_file(self, request):
        files = self.files_of(request.file)
        if not files:
            raise self.missing(request.file)
        for path in sorted({"/"} | {path.rpartition("/")[0] + "/" for path in files}):
            yield pfs.FileInfo(file=pfs.File(path=path), file_type=pfs.FileType.DIR)
        for path, content in sorted(files.items()):
            yield pfs.FileInfo(file=pfs.File(path=path), file_type=pfs.FileType.FILE, size_bytes=len(content))

    def inspect_file(self, request):
        files, path = self.files_of(request.file), request.file.path
        if path in files:
            return pfs.FileInfo(file=request.file, file_type=pfs.FileType.FILE, size_bytes=len(files[path]))
        if any(other.startswith(f"{path}/") for other in files):
            return pfs.FileInfo(file=request.file, file_type=pfs.FileType.DIR)
        raise self.missing(request.file)

    def get_file(self, request):
        yield from self.pieces(self.files_of(request.file)[request.file.path])

    def get_file_tar(self, request):
        files = self.files_of(request.file)
        if not files:
            raise self.missing(request.file)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, content in sorted(files.items()):
                member = tarfile.TarInfo("x")
                member.name, member.size = path, len(content)  # absolute, as pachd has them
                archive.addfile(member, io.BytesIO(content))
        yield from self.pieces(buffer.getvalue())

    def pieces(self, content):
        for start in range(0, len(content), self.piece):
            yield BytesValue(value=content[start : start + self.piece])


def given(time):
    return time.timestamp() > 0
