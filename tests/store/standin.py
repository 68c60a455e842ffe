"""A small pachd in this process: the RPCs that the store uses, over real gRPC, from the SDK's own messages.

It keeps what pachd 2.12 does where the store could tell: names and paths that it refuses, a commit that opens
only on a finished head, AddFile that appends, file sets that are seen only once they are added, NotFound.
"""

import io
import re
import tarfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock

import grpc
from betterproto import which_one_of
from betterproto.lib.google.protobuf import BytesValue, Empty
from pachyderm_sdk.api import metadata, pfs

PIECE = 100_000
ACCEPTED_PATH = re.compile(r"[ -~]+")
REFUSED_IN_PATH = re.compile(r"[*?\[\]{}!()@+^]")


class RefusedError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


@dataclass
class Held:
    """A commit: what is told of it, and its files."""

    info: pfs.CommitInfo
    files: dict[str, bytes] = field(default_factory=dict)


class Standin:
    def __init__(self, token=None):
        self.token = token
        self.lock = RLock()
        self.repos = {}
        self.commits = {}
        self.heads = {}
        self.filesets = {}
        self.calls = []
        self.broken = {}  # RPC name → status code to answer with

    # repositories

    def create_repo(self, request):
        if not re.fullmatch(r"[a-zA-Z0-9_-]+", request.repo.name):
            raise RefusedError(grpc.StatusCode.UNKNOWN, f"name ({request.repo.name}) invalid")
        if request.repo.name in self.repos and not request.update:
            raise RefusedError(
                grpc.StatusCode.ALREADY_EXISTS, f"repo default/{request.repo.name} already exists"
            )
        self.repos[request.repo.name] = pfs.RepoInfo(repo=request.repo, description=request.description)
        return Empty()

    def list_repo(self, request):
        yield from [info for info in self.repos.values() if info.repo.type == request.type]

    # commits

    def pick(self, commit) -> Held:
        repo, name = commit.repo.name, commit.id
        if repo not in self.repos:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, f"repo default/{repo} not found")
        if not name:
            name = self.heads.get((repo, commit.branch.name))
            if not name:
                raise RefusedError(
                    grpc.StatusCode.NOT_FOUND,
                    f'branch "{commit.branch.name}" not found in repo default/{repo}',
                )
        if (repo, name) not in self.commits:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, f"commit default/{repo}@{name} not found")
        return self.commits[repo, name]

    def start_commit(self, request):
        repo, branch = request.branch.repo, request.branch.name
        if repo.name not in self.repos:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, f"repo default/{repo.name} not found")
        parent = self.heads.get((repo.name, branch))
        held = Held(
            pfs.CommitInfo(
                commit=pfs.Commit(repo=repo, id=uuid.uuid4().hex, branch=request.branch),
                description=request.description,
                started=datetime.now(UTC),
            )
        )
        if parent:
            before = self.commits[repo.name, parent]
            if not before.info.finished.timestamp():
                raise RefusedError(grpc.StatusCode.UNKNOWN, f"parent commit {parent} has not been finished")
            held.info.parent_commit = before.info.commit
            held.files = dict(before.files)
        self.commits[repo.name, held.info.commit.id] = held
        self.heads[repo.name, branch] = held.info.commit.id
        return held.info.commit

    def finish_commit(self, request):
        held = self.pick(request.commit)
        if held.info.finished.timestamp():
            raise RefusedError(grpc.StatusCode.UNKNOWN, "commit has already finished")
        held.info.finished = datetime.now(UTC)
        return Empty()

    def drop_commit(self, request):
        held = self.pick(request.commit)
        repo, branch = held.info.commit.repo.name, held.info.commit.branch.name
        del self.commits[repo, held.info.commit.id]
        if held.info.parent_commit.id:
            self.heads[repo, branch] = held.info.parent_commit.id
        else:
            del self.heads[repo, branch]
        return pfs.DropCommitResponse()

    def inspect_commit(self, request):
        return self.pick(request.commit).info

    def list_commit(self, request):
        held, number = self.pick(request.to), request.number or -1
        while held and number:
            yield held.info
            parent = held.info.parent_commit
            held, number = (self.pick(parent) if parent.id else None), number - 1

    def edit_metadata(self, request):
        for edit in request.edits:
            picked = edit.commit.id
            held = self.pick(pfs.Commit(repo=pfs.Repo(name=picked.repo.name.name), id=picked.id))
            held.info.metadata[edit.edit_key.key] = edit.edit_key.value
        return metadata.EditMetadataResponse()

    # files

    def create_file_set(self, requests):
        changes = []
        for request in requests:
            kind, body = which_one_of(request, "body")
            path = body.path
            if not ACCEPTED_PATH.fullmatch(path) or REFUSED_IN_PATH.search(path):
                raise RefusedError(grpc.StatusCode.UNKNOWN, f"path ({path}) invalid")
            changes.append((kind, path, body.raw if kind == "add_file" else None))
        name = uuid.uuid4().hex
        self.filesets[name] = changes
        return pfs.CreateFileSetResponse(file_set_id=name)

    def add_file_set(self, request):
        held = self.pick(request.commit)
        for kind, path, raw in self.filesets[request.file_set_id]:
            if kind == "delete_file":
                held.files.pop(path, None)
            else:
                held.files[path] = held.files.get(path, b"") + raw
        return Empty()

    def walk_file(self, request):
        held = self.pick(request.file.commit)
        folders = {"/"[: bool(held.files)]} | {path.rpartition("/")[0] + "/" for path in held.files}
        for path in sorted(folders - {""}):
            yield pfs.FileInfo(file=pfs.File(path=path), file_type=pfs.FileType.DIR)
        for path, content in sorted(held.files.items()):
            yield pfs.FileInfo(file=pfs.File(path=path), file_type=pfs.FileType.FILE, size_bytes=len(content))

    def inspect_file(self, request):
        files, path = self.pick(request.file.commit).files, request.file.path
        if path in files:
            return pfs.FileInfo(file=request.file, file_type=pfs.FileType.FILE, size_bytes=len(files[path]))
        if any(other.startswith(f"{path}/") for other in files):
            return pfs.FileInfo(file=request.file, file_type=pfs.FileType.DIR)
        raise RefusedError(grpc.StatusCode.NOT_FOUND, f"file {path} not found")

    def get_file(self, request):
        yield from pieces(self.pick(request.file.commit).files[request.file.path])

    def get_file_tar(self, request):
        held = self.pick(request.file.commit)
        if not held.files:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, "file / not found")
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, content in sorted(held.files.items()):
                member = tarfile.TarInfo("x")
                member.name, member.size = path, len(content)  # absolute, as pachd has them
                archive.addfile(member, io.BytesIO(content))
        yield from pieces(buffer.getvalue())


def pieces(content):
    for start in range(0, len(content), PIECE):
        yield BytesValue(value=content[start : start + PIECE])


RPCS = {
    "pfs_v2.API": {
        "CreateRepo": ("unary_unary", pfs.CreateRepoRequest),
        "ListRepo": ("unary_stream", pfs.ListRepoRequest),
        "StartCommit": ("unary_unary", pfs.StartCommitRequest),
        "FinishCommit": ("unary_unary", pfs.FinishCommitRequest),
        "DropCommit": ("unary_unary", pfs.DropCommitRequest),
        "InspectCommit": ("unary_unary", pfs.InspectCommitRequest),
        "ListCommit": ("unary_stream", pfs.ListCommitRequest),
        "CreateFileSet": ("stream_unary", pfs.ModifyFileRequest),
        "AddFileSet": ("unary_unary", pfs.AddFileSetRequest),
        "WalkFile": ("unary_stream", pfs.WalkFileRequest),
        "InspectFile": ("unary_unary", pfs.InspectFileRequest),
        "GetFile": ("unary_stream", pfs.GetFileRequest),
        "GetFileTAR": ("unary_stream", pfs.GetFileRequest),
    },
    "metadata.API": {"EditMetadata": ("unary_unary", metadata.EditMetadataRequest)},
}


def handler(standin: Standin, name: str, kind: str, request_class):
    method = getattr(standin, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())

    def answer(request, context):
        standin.calls.append(name)
        if standin.token and ("authn-token", standin.token) not in context.invocation_metadata():
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no authentication token")
        if name in standin.broken:
            context.abort(standin.broken[name], f"{name} is broken")
        try:
            with standin.lock:
                result = method(request)
                return list(result) if kind == "unary_stream" else result
        except RefusedError as error:
            context.abort(error.code, str(error))

    return getattr(grpc, f"{kind}_rpc_method_handler")(
        (lambda request, context: iter(answer(request, context))) if kind == "unary_stream" else answer,
        request_deserializer=request_class.FromString,
        response_serializer=bytes,
    )


@contextmanager
def serving(token=None):
    """Give a stand-in and its address, on a free port of the loopback."""
    standin = Standin(token)
    options = [("grpc.max_receive_message_length", 20 << 20), ("grpc.max_send_message_length", 20 << 20)]
    server = grpc.server(ThreadPoolExecutor(8), options=options)
    for service, rpcs in RPCS.items():
        handlers = {name: handler(standin, name, *rpc) for name, rpc in rpcs.items()}
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield standin, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
