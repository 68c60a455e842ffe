"""A Kubeflow Pipelines API of many users on loopback, over real HTTP, as 2.16 answers.

Health is open to all; everything else asks for a token of its audience (401), a namespace (400), and the
account's right there (403). A run's tasks are Argo's nodes by display name, without a link between them,
`error` is null, there are no metrics, and a time that has not come is the year 1 or 1970.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Body = dict[str, Any]
RUN, WORKFLOW = "r1", "segmentation-x7k2p"
NOT_ENDED, NOT_FINISHED = "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"
STEPS = ("prepare", "train", "evaluate", "release")


def moment(second: int) -> str:
    return f"2026-11-28T10:{second // 60:02}:{second % 60:02}Z"


def node(name: str, state: str, started: int = 0, ended: int | None = None, item: int = 0) -> Body:
    """A node as the API tells it: nothing names its parent, or itself but by its display name."""
    return {
        "run_id": RUN,
        "task_id": f"uuid-{abs(hash((name, started, item)))}",
        "display_name": name,
        "create_time": moment(started),
        "start_time": moment(started),
        "end_time": NOT_ENDED if ended is None else moment(ended),
        "state": state,
        "child_tasks": [{"pod_name": f"{WORKFLOW}-123"}],
    }


def task(
    name: str,
    state: str,
    started: int,
    ended: int | None = None,
    pod: str = "",
    tries: int = 0,
    item: int = 0,
) -> list[Body]:
    """The nodes of one of our tasks: its driver, itself, its executor, and the executor's tries.

    Those of a loop's items differ in their ids alone.
    """
    pod = pod or state
    times = (started, ended, item)
    executor = node("executor", state if tries else pod, *times)
    several = [node(f"executor({n})", pod if n == tries else "FAILED", *times) for n in range(tries + 1)]
    driver = node(f"{name}-driver", "SUCCEEDED", max(0, started - 5), started, item)
    return [driver, node(name, state, *times), executor, *(several if tries else [])]


def run(state: str, *tasks: list[Body], ended: int | None = None) -> Body:
    """A run that began at second 0; the nodes around ours are in its state."""
    around = [node("root", state), node(WORKFLOW, state), node("root-driver", "SUCCEEDED", 0, 4)]
    return {
        "experiment_id": "e1",
        "run_id": RUN,
        "display_name": "segmentation",
        "state": state,
        "error": None,
        "created_at": moment(0),
        "finished_at": NOT_FINISHED if ended is None else moment(ended),
        "run_details": {"task_details": [*around, *(each for nodes in tasks for each in nodes)]},
    }


def succeeded() -> Body:
    """Four steps of 20 s each in a run of 120."""
    tasks = [task(name, "SUCCEEDED", 10 + 30 * n, 30 + 30 * n) for n, name in enumerate(STEPS)]
    return run("SUCCEEDED", *tasks, ended=120)


class PipelinesApi(ThreadingHTTPServer):
    """`looks` are what each look at the run sees, the last for ever; `calls` and `requests` the questions."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.multi_user, self.tokens, self.namespace = True, {"good"}, "ml"
        self.store = "kubernetes"
        self.rights = {
            ("list", "experiments"),
            ("create", "experiments"),
            ("create", "runs"),
            ("get", "runs"),
        }
        self.looks: list[Body] = [run("RUNNING", task("prepare", "RUNNING", 10)), succeeded()]
        self.experiments: list[Body] = []
        self.calls: list[tuple[str, str]] = []
        self.requests: list[tuple[str, Body]] = []
        self.sent: list[str] = []
        self.broken = 0  # so many answers to come are those of a gateway in front

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def submitted(self) -> list[Body]:
        return [body for path, body in self.requests if path.endswith("/runs")]


class Handler(BaseHTTPRequestHandler):
    server: PipelinesApi

    def do_GET(self) -> None:
        self._respond({})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, body))
        self._respond(body)

    def _respond(self, body: Body) -> None:
        self.server.calls.append((self.command, self.path))
        status, answer = self._answer(urlsplit(self.path), body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, url: Any, body: Body) -> tuple[int, Body]:
        api, path = self.server, url.path.removeprefix("/apis/v2beta1/")
        if path == "healthz":
            return 200, {"multi_user": api.multi_user, "pipeline_store": api.store, "tag_name": "2.16.0"}
        if api.broken:
            api.broken -= 1
            return 503, {"error": "no healthy upstream"}
        kind, _, name = path.partition("/")
        asked = body.get("namespace") or next(iter(parse_qs(url.query).get("namespace", [])), "")
        if refusal := self._refusal(kind, name, asked):
            return refusal
        return self._experiments(body) if kind == "experiments" else self._runs()

    def _refusal(self, kind: str, name: str, asked: str) -> tuple[int, Body] | None:
        api = self.server
        verb = {"POST": "create", "GET": "get" if name else "list"}[self.command]
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        api.sent.append(given)
        if name and name != RUN:
            return refusal(404, 5, f"Run {name} not found")
        if not api.multi_user:
            return None
        if kind == "experiments" and not asked:
            return refusal(400, 3, "An experiment cannot have an empty namespace in multi-user mode")
        if given not in api.tokens:
            return refusal(
                401, 16, "Failed to check authorization. User identity is empty in the request header"
            )
        if (verb, kind) not in api.rights or (kind == "experiments" and asked != api.namespace):
            user = "system:serviceaccount:ml:ml-user"
            return refusal(
                403, 7, f"User '{user}' is not authorized with reason: (request: Verb:{verb},{kind})"
            )
        return None

    def _experiments(self, body: Body) -> tuple[int, Body]:
        if self.command == "GET":
            return 200, {"experiments": self.server.experiments} if self.server.experiments else {}
        made = {
            "experiment_id": "e1",
            "display_name": body["display_name"],
            "namespace": body.get("namespace"),
        }
        self.server.experiments.append(made)
        return 200, made

    def _runs(self) -> tuple[int, Body]:
        if self.command == "POST":
            return 200, {**run("PENDING"), "run_details": None}
        looks = self.server.looks
        return 200, looks.pop(0) if len(looks) > 1 else looks[0]

    def log_message(self, *_: object) -> None:
        pass


def refusal(status: int, code: int, message: str) -> tuple[int, Body]:
    """As the gateway in front of the API's gRPC puts it."""
    text = f"List failed: Failed to authorize with API: {message}"
    return status, {"error": text, "code": code, "message": text, "details": []}


@contextmanager
def serving() -> Iterator[PipelinesApi]:
    server = PipelinesApi()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
