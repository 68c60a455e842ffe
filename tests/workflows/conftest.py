"""A Kubeflow Pipelines API on loopback: the five calls that a submission makes, over real HTTP."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class PipelinesApi(ThreadingHTTPServer):
    """Answers as v2beta1 does; `states` is what looks at the run see, `requests` what was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.states = ["RUNNING", "SUCCEEDED"]
        self.requests, self.token = [], None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def run(self):
        return self.described(self.states.pop(0) if len(self.states) > 1 else self.states[0])

    @staticmethod
    def described(state="PENDING"):
        task = {"task_id": "t1", "run_id": "r1", "display_name": "train", "state": state}
        return {"run_id": "r1", "display_name": "x", "state": state, "run_details": {"task_details": [task]}}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        answers = {
            "/apis/v2beta1/healthz": lambda: {"multi_user": False},
            "/apis/v2beta1/experiments": lambda: {
                "experiments": [{"experiment_id": "e1", "display_name": "x"}]
            },
            "/apis/v2beta1/runs/r1": self.server.run,
        }
        self.answer(answers.get(path))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, body))
        self.answer(self.server.described if self.path.startswith("/apis/v2beta1/runs") else None)

    def answer(self, make):
        refused = self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}"
        status = 401 if refused else 200 if make else 404
        data = json.dumps(make() if status == 200 else {"error": "no"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def api(monkeypatch):
    server = PipelinesApi()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", server.url)
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", "/nonexistent")
    monkeypatch.delenv("KF_PIPELINES_TOKEN", raising=False)
    yield server
    server.shutdown()
    server.server_close()
