"""Servers of others: each in an environment to throw away, with the same model on a port of 127.0.0.1."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / "benchmarks/servers"
WORKERS = 2
WORK = ("numpy==1.26.4", "obstore==0.12.1", "onnxruntime==1.26.0", "pillow==13.0.0")
REQUIREMENTS = {
    "minimal": (*WORK, "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.23.0"),
    "wrapper": (*WORK, "seldon-core==1.17.1", "protobuf==3.20.3", "setuptools==81.0.0"),
    "MLServer": ("mlserver==1.7.1", "uvloop==0.21.0", "numpy==2.4.6", *WORK[1:]),
}


def environments(folder: Path) -> dict[str, str]:
    """Make an environment for each server of others; return their Pythons."""
    uv, found = str(ROOT / ".venv/bin/uv"), {}
    for name, requirements in REQUIREMENTS.items():
        place = folder / f"venv-{name}"
        subprocess.run([uv, "venv", "-q", "--python", "3.11", place], check=True)
        found[name] = str(place / "bin/python")
        install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", found[name]]
        subprocess.run([*install, *requirements], check=True)
    return found


def free_ports() -> tuple[int, int, int]:
    """Three ports of 127.0.0.1 that nobody listens on now."""
    with ExitStack() as stack:
        first, second, third = (
            stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(3)
        )
        return first, second, third


@contextmanager
def other(name: str, model: Path, python: str, folder: Path) -> Iterator[str]:
    """A server of others, ready, at an address of 127.0.0.1."""
    http, grpc, metrics = free_ports()
    place = folder / name
    place.mkdir()
    command, more = _command(name, python, model, place, (http, grpc, metrics))
    environment = {
        "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{SERVERS}:{ROOT}",
        "MODEL": str((model / "model.onnx").resolve()),
        **more,
    }
    with (place / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=place, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        path = "/v2/models/model/ready" if name == "MLServer" else "/health/status"
        _wait(f"http://127.0.0.1:{http}{path}", process, place / "server.log", any_status=name == "minimal")
        yield f"127.0.0.1:{http}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _command(
    name: str, python: str, model: Path, place: Path, ports: tuple[int, int, int]
) -> tuple[list[str], dict[str, str]]:
    http, grpc, metrics = map(str, ports)
    if name == "minimal":
        uvicorn = [python, "-m", "uvicorn", "minimal:app", "--port", http, "--workers", str(WORKERS)]
        return [*uvicorn, "--no-access-log"], {}
    if name == "wrapper":
        told = {"PREDICTIVE_UNIT_HTTP_SERVICE_PORT": http, "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": grpc}
        told |= {"PREDICTIVE_UNIT_METRICS_SERVICE_PORT": metrics, "GUNICORN_WORKERS": str(WORKERS)}
        return [
            str(Path(python).parent / "seldon-core-microservice"),
            "Wrapped",
            "--service-type",
            "MODEL",
        ], told
    uri = str((model / "model.onnx").resolve())
    described = {"name": "model", "implementation": "inference.Inference", "parameters": {"uri": uri}}
    (place / "model-settings.json").write_text(json.dumps(described))
    told = {"http_port": ports[0], "grpc_port": ports[1], "metrics_port": ports[2], "host": "127.0.0.1"}
    (place / "settings.json").write_text(json.dumps({**told, "parallel_workers": WORKERS, "debug": False}))
    return [str(Path(python).parent / "mlserver"), "start", "."], {}


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, *, any_status: bool) -> None:
    for _ in range(600):
        try:
            if requests.get(url, timeout=2).ok or any_status:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
        if process.poll() is not None:
            break
    sys.exit(f"{url} does not answer:\n{log.read_text()[-3000:]}")
