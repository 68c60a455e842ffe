"""A Kubeflow Pipelines API of many users on loopback, as far as retraining asks it: experiments and runs.

Who calls is known by the token that is mounted into a pod; anybody else gets 401. A run has no state until
its workflow is seen, as in 2.16; `most` is the largest number that went on at once.
"""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PREFIX = "/apis/v2beta1/"
PAGE = 2
TOKEN = "of-the-pod"


class PipelinesServer(ThreadingHTTPServer):
    """`lasts`: seconds that a run takes; None for runs that a test ends itself."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.RLock()
        self.experiments, self.runs, self.calls = [], [], []
        self.lasts = 0.2
        self.most = 0
        self.down = False

    def submit(self, experiment, data, lasts=None):
        """Take a run, as it is before anybody has seen its workflow."""
        with self.lock:
            run = {
                "run_id": f"r{len(self.runs) + 1}",
                "display_name": "x",
                "experiment_id": experiment,
                "data": data,
                "began": time.monotonic(),
                "lasts": self.lasts if lasts is None else lasts,
            }
            self.runs.append(run)
            self.most = max(self.most, sum(told(each).get("state") != "SUCCEEDED" for each in self.runs))
            return run

    def experiment(self, name, namespace="ml"):
        with self.lock:
            for each in self.experiments:
                if each["display_name"] == name:
                    return each
            made = {
                "experiment_id": f"e{len(self.experiments) + 1}",
                "display_name": name,
                "namespace": namespace,
            }
            self.experiments.append(made)
            return made

    def answer(self, method, path, query, body):
        if method == "GET" and path == "healthz":
            return {"multi_user": True, "pipeline_store": "kubernetes"}
        if path == "experiments":
            if method == "POST":
                return self.experiment(body["display_name"])
            wanted = [json.loads(each)["predicates"][0]["stringValue"] for each in query.get("filter", [])]
            named = [each for each in self.experiments if each["display_name"] in wanted or not wanted]
            return {"experiments": named}
        if path == "runs" and method == "POST":
            return told(self.submit(body["experiment_id"], body["runtime_config"]["parameters"]["data"]))
        if path == "runs":
            start = int(query.get("page_token", ["0"])[0] or 0)
            of = [told(each) for each in self.runs if each["experiment_id"] == query["experiment_id"][0]]
            page = {"runs": of[start : start + PAGE]}
            return {**page, "next_page_token": str(start + PAGE)} if len(of) > start + PAGE else page
        return next((told(each) for each in self.runs if path == f"runs/{each['run_id']}"), None)


def told(run):
    age = time.monotonic() - run["began"]
    state = {} if age < 0.05 else {"state": "SUCCEEDED" if age > run["lasts"] else "RUNNING"}
    kept = {key: run[key] for key in ("run_id", "display_name", "experiment_id")}
    times = {"created_at": "2026-11-28T10:00:00Z", "finished_at": "1970-01-01T00:00:00Z"}
    return {**kept, **times, **state, "run_details": {"task_details": []}}


class Handler(BaseHTTPRequestHandler):
    def handle_any(self):
        parts = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.server.calls.append((self.command, self.path))
            path = parts.path.removeprefix(PREFIX)
            made = (
                None
                if self.server.down
                else self.server.answer(self.command, path, parse_qs(parts.query), json.loads(text or "{}"))
            )
            known = path == "healthz" or self.headers.get("Authorization") == f"Bearer {TOKEN}"
        data = json.dumps(made if made and known else {"error": "no"}).encode()
        self.send_response(503 if self.server.down else 401 if not known else 200 if made else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.handle_any()

    def do_POST(self):
        self.handle_any()

    def log_message(self, *_):
        pass


@contextmanager
def serving(monkeypatch, folder):
    """A server that the environment names, and the token that a pod finds mounted."""
    server = PipelinesServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    (folder / "token").write_text(TOKEN)
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(folder / "token"))
    monkeypatch.delenv("KF_PIPELINES_TOKEN", raising=False)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
