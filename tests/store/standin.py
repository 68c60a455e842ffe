"""A small pachd in this process: the RPCs that the store uses, over real gRPC, from the SDK's own messages.

`standin_state` says what it does. Here: who may do what, once tokens are given (auth is active), and faults:
an RPC that is broken, one whose answer is lost, one that is held up.
"""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from pachyderm_sdk.api import metadata, pfs

from tests.store.standin_errors import RefusedError
from tests.store.standin_state import State

RPCS = {
    "pfs_v2.API": {
        "CreateProject": ("unary_unary", pfs.CreateProjectRequest),
        "CreateRepo": ("unary_unary", pfs.CreateRepoRequest),
        "InspectRepo": ("unary_unary", pfs.InspectRepoRequest),
        "ListRepo": ("unary_stream", pfs.ListRepoRequest),
        "DeleteRepo": ("unary_unary", pfs.DeleteRepoRequest),
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
NEEDED = {
    "CreateProject": "CLUSTER_CREATE_PROJECT",
    "CreateRepo": "PROJECT_CREATE_REPO",
    "DeleteRepo": "REPO_DELETE",
    "DropCommit": "REPO_DELETE_COMMIT",
    **dict.fromkeys(("StartCommit", "FinishCommit", "AddFileSet", "EditMetadata"), "REPO_WRITE"),
}
"""What an RPC needs beyond the right to read."""

REPO_WRITER = {"REPO_WRITE", "REPO_DELETE_COMMIT"}
ROOT = set(NEEDED.values())
MESSAGE_BYTES = 20 << 20


class Standin(State):
    def __init__(self, tokens=None):
        super().__init__()
        self.tokens = tokens  # token → permissions; None: auth is not active
        self.calls = []
        self.messages = 0  # of all CreateFileSet calls
        self.broken = {}  # RPC name → status code to answer with
        self.lost = {}  # the same, but the call is done first
        self.held = {}  # RPC name → Held

    def hold(self, name):
        """Hold the next calls of an RPC up until `release` is set; `reached` says that one came."""
        self.held[name] = Hold()
        return self.held[name]

    def answer(self, name, request, metadata_of_call, kind, method):
        self.calls.append(name)
        self.authorize(name, metadata_of_call)
        if name in self.held:
            self.held[name].pass_by()
        self.fail(name, self.broken, "is broken")
        if kind == "stream_unary":
            request = list(request)
            self.messages += len(request)
        with self.lock:
            result = method(request)
            result = [bytes(each) for each in result] if kind == "unary_stream" else bytes(result)
        self.fail(name, self.lost, "was done, and its answer is lost")
        return result

    def fail(self, name, faults, how):
        if name in faults:
            raise RefusedError(faults[name], f"{name} {how}")

    def authorize(self, name, metadata_of_call):
        if self.tokens is None:
            return
        token = dict(metadata_of_call).get("authn-token")
        unauthenticated = grpc.StatusCode.UNAUTHENTICATED
        if token is None:
            raise RefusedError(unauthenticated, "no authentication token (try logging in)")
        if token not in self.tokens:
            raise RefusedError(unauthenticated, "provided auth token is corrupted or has expired (try …)")
        if (needed := NEEDED.get(name)) and needed not in self.tokens[token]:
            raise RefusedError(
                grpc.StatusCode.PERMISSION_DENIED,
                f"robot:x is not authorized to perform this operation - needs permissions [{needed}] …",
            )


class Hold:
    def __init__(self):
        self.reached = threading.Event()
        self.release = threading.Event()

    def pass_by(self):
        self.reached.set()
        assert self.release.wait(60)


def handler(standin: Standin, name: str, kind: str, request_class):
    method = getattr(standin, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())

    def answer(request, context):
        try:
            return standin.answer(name, request, context.invocation_metadata(), kind, method)
        except RefusedError as error:
            context.abort(error.code, str(error))

    return getattr(grpc, f"{kind}_rpc_method_handler")(
        (lambda request, context: iter(answer(request, context))) if kind == "unary_stream" else answer,
        request_deserializer=request_class.FromString,
        response_serializer=None,
    )


@contextmanager
def serving(tokens=None, *, host="127.0.0.1", credentials=None):
    """Give a stand-in and its address, on a free port of the loopback; with TLS given credentials."""
    standin = Standin(tokens)
    options = [
        ("grpc.max_receive_message_length", MESSAGE_BYTES),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
    ]
    server = grpc.server(ThreadPoolExecutor(64), options=options)
    for service, rpcs in RPCS.items():
        handlers = {name: handler(standin, name, *rpc) for name, rpc in rpcs.items()}
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    place = f"{host}:0"
    port = server.add_secure_port(place, credentials) if credentials else server.add_insecure_port(place)
    server.start()
    standin.address = f"{host}:{port}"
    try:
        yield standin, standin.address
    finally:
        server.stop(None).wait()
