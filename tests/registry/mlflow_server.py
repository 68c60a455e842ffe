"""A real MLflow server on the loopback: the packages of its image, the arguments of its Deployment."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from pylib.provenance.materials import ROOT

_DEPLOYMENT = ROOT / "cluster-conf/mlflow/base/deployment.yaml"
_PLACES = ("--host", "--port", "--artifacts-destination", "--workers")


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Start it below a folder, yield its tracking URI, and end it with its workers."""
    subprocess.run([ROOT / "environments.sh", "mlflow"], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = [each for each in _arguments() if not each.startswith(_PLACES)]
    own = ["--host=127.0.0.1", f"--port={port}", "--workers=1", f"--artifacts-destination={folder / 'files'}"]
    settings = {
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder / 'server.db'}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{ROOT / '.venv-mlflow/bin'}:{os.environ['PATH']}",
    }
    log = (folder / "server.log").open("wb")
    command = [ROOT / ".venv-mlflow/bin/mlflow", "server", *given, *own]
    process = subprocess.Popen(
        command, cwd=folder, env=os.environ | settings, stdout=log, stderr=log, start_new_session=True
    )
    try:
        _wait(f"http://127.0.0.1:{port}/mlflow/health", process, folder / "server.log")
        yield f"http://127.0.0.1:{port}/mlflow"
    finally:
        os.killpg(process.pid, 15)
        process.wait(60)
        log.close()


def _arguments() -> list[str]:
    documents = yaml.safe_load_all(_DEPLOYMENT.read_text(encoding="utf-8"))
    deployment = next(each for each in documents if each["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return list(container["args"])


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 240
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"no MLflow: {log.read_text()[-2000:]}")
