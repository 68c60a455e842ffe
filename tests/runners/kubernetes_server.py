"""The Kubernetes API server on loopback, as far as retraining and searches ask it: its refusals first.

What it says, and with which status, is what Kubernetes 1.34.4 answered to the same requests
(tests/on_cluster/test_retraining.py makes them there).
"""

import copy
import json
import re
import threading
import time
import urllib.parse
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = re.compile(
    r"/apis/(?P<group>[^/]+)/(?P<version>\w+)/namespaces/(?P<namespace>[^/]+)/(?P<kind>\w+)(?:/(?P<name>[^/]+))?"
)
VERBS = {"DELETE": "delete", "GET": "get", "POST": "create", "PUT": "update"}
TOKEN = "secret"


class RefusedError(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.status = {
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
            "message": message,
        }  # fmt: skip


class KubernetesServer(ThreadingHTTPServer):
    """`objects` by kind, namespace and name; `allowed`: the verbs on kinds that the caller's role grants."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.RLock()
        self.objects = {}
        self.calls = []
        self.allowed = None  # everything
        self.broken = []  # statuses of the next answers, one each; None for an answer as it should be
        self.version = 100
        self.history = []  # every change: version, type, kind, namespace, name, object
        self.compacted = 0  # no watch begins at a version before this one
        self.cut = []  # after how many events the next watches are cut off, one each

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def put(self, kind, body):
        """Keep an object, as the server itself writes it."""
        with self.lock:
            self.version += 1
            body = copy.deepcopy(body)
            metadata = body["metadata"]
            metadata.setdefault("uid", str(uuid.uuid4()))
            metadata["resourceVersion"] = str(self.version)
            key = kind, metadata["namespace"], metadata["name"]
            change = "MODIFIED" if key in self.objects else "ADDED"
            self.objects[key] = body
            self.history.append((self.version, change, *key, copy.deepcopy(body)))
            return body

    def changes(self, kind, namespace, name, after):
        """What has become of an object after a version of it."""
        with self.lock:
            told = [each for each in self.history if each[2:5] == (kind, namespace, name) and each[0] > after]
            return [(version, {"type": what, "object": body}) for version, what, *_, body in told]

    def find(self, kind, namespace="ml"):
        with self.lock:
            return [
                copy.deepcopy(body)
                for (of, where, _), body in self.objects.items()
                if (of, where) == (kind, namespace)
            ]

    def end(self, name, kind="Complete", message="", namespace="ml"):
        """What the Job controller writes when a Job has ended."""
        with self.lock:
            job = copy.deepcopy(self.objects["jobs", namespace, name])
            before = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[kind]
            conditions = [{"type": each, "status": "True", "message": message} for each in (before, kind)]
            self.put("jobs", {**job, "status": {"conditions": conditions}})

    @staticmethod
    def let_in(broken, authorization):
        if broken:
            raise RefusedError(broken, "InternalError", "etcdserver: request timed out")
        if authorization != f"Bearer {TOKEN}":
            raise RefusedError(401, "Unauthorized", "Unauthorized")

    def answer(self, method, path, body):
        match = PATH.fullmatch(path)
        if not match or method not in VERBS:
            raise RefusedError(404, "NotFound", "the server could not find the requested resource")
        group, namespace, kind, name = match["group"], match["namespace"], match["kind"], match["name"]
        verb, what = VERBS[method], f"{kind}.{group}"
        if self.allowed is not None and (verb, kind) not in self.allowed:
            named = f'{what} "{name}"' if name else what
            raise RefusedError(
                403,
                "Forbidden",
                f'{named} is forbidden: User "system:serviceaccount:pachyderm:retrain" cannot {verb} '
                f'resource "{kind}" in API group "{group}" in the namespace "{namespace}"',
            )
        with self.lock:
            return getattr(self, verb)(what, kind, namespace, name or body["metadata"]["name"], body)

    def get(self, what, kind, namespace, name, _body):
        if (kind, namespace, name) not in self.objects:
            raise RefusedError(404, "NotFound", f'{what} "{name}" not found')
        return self.objects[kind, namespace, name]

    def create(self, what, kind, namespace, name, body):
        check(what, kind, name, body)
        if (kind, namespace, name) in self.objects:
            raise RefusedError(409, "AlreadyExists", f'{what} "{name}" already exists')
        return self.put(kind, {**body, "metadata": {**body["metadata"], "namespace": namespace}})

    def update(self, what, kind, namespace, name, body):
        check(what, kind, name, body)
        kept = self.get(what, kind, namespace, name, body)
        given = body["metadata"].get("resourceVersion")
        if not given:
            raise RefusedError(
                422,
                "Invalid",
                f'{what} "{name}" is invalid: metadata.resourceVersion: Invalid value: 0: '
                "must be specified for an update",
            )
        if given != kept["metadata"]["resourceVersion"]:
            raise RefusedError(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {what} "{name}": the object has been modified; '
                "please apply your changes to the latest version and try again",
            )
        return self.put(kind, body)

    def delete(self, what, kind, namespace, name, body):
        gone = self.get(what, kind, namespace, name, body)
        with self.lock:
            self.version += 1
            del self.objects[kind, namespace, name]
            self.history.append((self.version, "DELETED", kind, namespace, name, gone))
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}


def check(what, kind, name, body):
    """What validation refuses of what retraining writes."""
    wrong = []
    spec = body.get("spec") or {}
    if kind == "leases":
        if spec.get("leaseDurationSeconds", 1) <= 0:
            wrong.append("spec.leaseDurationSeconds: Invalid value: must be greater than 0")
        for key in ("renewTime", "acquireTime"):
            if key in spec and not re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)", spec[key]
            ):
                raise RefusedError(
                    400, "BadRequest", f'{kind} in version "v1" cannot be handled: parsing time "{spec[key]}"'
                )
    if kind == "jobs" and len(name) > 63:
        wrong.append(f"metadata.name: Invalid value: {name!r}: must be no more than 63 bytes")
    if wrong:
        singular = {"leases": "Lease", "jobs": "Job"}[kind]
        group = what.partition(".")[2]
        raise RefusedError(422, "Invalid", f'{singular}.{group} "{name}" is invalid: {wrong[0]}')


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.handle_any()

    def do_POST(self):
        self.handle_any()

    def do_PUT(self):
        self.handle_any()

    def do_DELETE(self):
        self.handle_any()

    def watch(self, path, query):
        """Events, an object a line, in chunks, until the time is over or the way is cut."""
        match, told = PATH.fullmatch(path), 0
        name = query["fieldSelector"].removeprefix("metadata.name=")
        after, until = int(query["resourceVersion"]), time.monotonic() + int(query["timeoutSeconds"])
        cut = self.server.cut.pop(0) if self.server.cut else None
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if after < self.server.compacted:
            status = {
                "kind": "Status",
                "code": 410,
                "reason": "Expired",
                "message": "too old resource version",
            }
            self.chunk({"type": "ERROR", "object": status})
            until = 0
        while time.monotonic() < until:
            for version, event in self.server.changes(match["kind"], match["namespace"], name, after):
                if told == cut:
                    self.wfile.write(b'40\r\n{"type": "MODIF')
                    self.close_connection = True
                    return
                self.chunk(event)
                after, told = version, told + 1
            time.sleep(0.01)
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, event):
        data = json.dumps(event).encode() + b"\n"
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def handle_any(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        with self.server.lock:
            self.server.calls.append((self.command, self.path))
            broken = self.server.broken.pop(0) if self.server.broken else None
        try:
            self.server.let_in(broken, self.headers.get("Authorization"))
            path, _, query = self.path.partition("?")
            if query:
                self.watch(path, dict(urllib.parse.parse_qsl(query)))
                return
            status = 201 if self.command == "POST" else 200
            self.send(status, self.server.answer(self.command, self.path, body))
        except RefusedError as error:
            self.send(error.status["code"], error.status)

    def send(self, code, body):
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder, monkeypatch):
    """A server, and a kubeconfig in `folder` that names it, as KUBECONFIG."""
    server = KubernetesServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": server.url}}],
        "users": [{"name": "me", "user": {"token": TOKEN}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
