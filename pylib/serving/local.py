"""The released model served on this machine: the pod's server in the serving environment, on loopback."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import requests

import pylib
from pylib.atomic import write_file
from pylib.errors import ServingError
from pylib.serving.deployment import HTTP_PORT, SeldonDeployment

HOST = "127.0.0.1"
Ports = tuple[int, int, int]
"""Of REST, gRPC and metrics."""
Prepare = Callable[[Ports], tuple[list[str], dict[str, str]]]
_LOCK = "server.lock"
_ANNOTATIONS = "annotations"
_SERVER = "pylib.serving.host"


@dataclass(frozen=True)
class Server:
    """A running server: its base URL, the ports of gRPC and metrics, its process group and its log."""

    url: str
    grpc_port: int
    metrics_port: int
    pid: int
    log: str


def start(
    deployment: SeldonDeployment,
    *,
    artifacts: str,
    folder: Path,
    port: int = HTTP_PORT,
    workers: int | None = None,
    predictions: Path | str | None = None,
    inbox: str = "",
    timeout: float = 60,
) -> Server:
    """Serve a deployment's model from the artifact store at the URL `artifacts`; return when it is ready.

    `folder` holds the server's state and log, one server a folder. Port 0 takes a free one; gRPC and metrics
    always do. Feedback is kept in the inbox at the URL `inbox`. `workers` are calls computed at a time; by
    default what the deployment says, or one for each processor. Raises ServingError: the port or folder is in
    use, the serving environment is missing, or the server is not ready within `timeout` seconds.
    """

    def prepare(ports: Ports) -> tuple[list[str], dict[str, str]]:
        http, grpc, metrics = ports
        environment = {
            **deployment.environment(http=http, grpc=grpc, metrics=metrics),
            "ARTIFACT_STORE": artifacts,
            "FEEDBACK_INBOX": inbox,  # where it is empty too: the cluster's place is not this machine's
        }
        if workers is not None:
            environment["SERVING_THREADS"] = str(workers)
        if predictions is not None:
            environment["PREDICTION_LOG"] = str(predictions)
        annotations = folder / _ANNOTATIONS
        write_file(annotations, _podinfo(deployment.annotations))
        command = ["-m", _SERVER, "--host", HOST, "--annotations", str(annotations.resolve())]
        return command, environment

    return launch(deployment, prepare, folder=folder, port=port, timeout=timeout)


def launch(
    deployment: SeldonDeployment,
    prepare: Prepare,
    *,
    folder: Path,
    port: int,
    timeout: float,
    grpc_port: int = 0,
) -> Server:
    """Run a program of the serving environment as this folder's server; return when it is ready.

    prepare: its arguments to Python and its own environment variables, for the ports that are free
    grpc_port: 0 takes a free one
    Raises ServingError as `start` does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _only_server(folder, deployment) as lock:
        ports = _ports(port, grpc_port, folder.parent)
        arguments, environment = prepare(ports)
        log = folder / "server.log"
        process = _launch(arguments, {**_clean_environment(), **environment}, log, lock)
        server = Server(f"http://{HOST}:{ports[0]}", ports[1], ports[2], process.pid, str(log))
        write_file(folder / "server.json", json.dumps(asdict(server)))
    try:
        _wait_until_ready(process, server, timeout)
    except BaseException:
        _end(process.pid, folder, grace=5)
        process.wait()
        raise
    return server


def running(folder: Path) -> Server | None:
    """Return the server that this folder's state belongs to, None if it has ended."""
    try:
        with (folder / _LOCK).open("rb") as lock:
            if _acquire(lock, fcntl.LOCK_SH):  # who looks is no server to others who look
                return None
        return Server(**json.loads((folder / "server.json").read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def stop(folder: Path, *, grace: float = 10) -> bool:
    """End this folder's server and all its processes; False if none was running.

    After `grace` seconds (running requests may finish), whatever is left of its process group is killed.
    """
    server = running(folder)
    if server is None:
        return False
    _end(server.pid, folder, grace)
    with suppress(ChildProcessError):  # reap it where it is our own child
        os.waitpid(server.pid, 0)
    return True


def serving_python() -> Path:
    """Return the serving environment's Python: `PYLIB_SERVE_PYTHON`, or .venv-serve beside our own."""
    beside = Path(sys.prefix).parent / ".venv-serve" / "bin" / "python"
    python = Path(os.environ.get("PYLIB_SERVE_PYTHON") or beside)
    if not python.exists():
        raise ServingError(f"no serving environment at {python}: make it with ./environments.sh serve")
    return python


def refuse_second(folder: Path, deployment: SeldonDeployment) -> None:
    """Raise ServingError where this folder's server runs."""
    folder.mkdir(parents=True, exist_ok=True)
    with _only_server(folder, deployment, fcntl.LOCK_SH):
        pass


@contextmanager
def _only_server(folder: Path, named: SeldonDeployment, kind: int = fcntl.LOCK_EX) -> Iterator[IO[bytes]]:
    """Hold the folder's lock; the server inherits it, and so holds it until its last process has ended."""
    with (folder / _LOCK).open("w+b") as lock:
        while not _acquire(lock, kind):
            if not _acquire(lock, fcntl.LOCK_SH):
                raise ServingError(f"{folder}: a server runs already{_what_runs(folder, named)}")
            fcntl.flock(lock, fcntl.LOCK_UN)  # somebody only looked, which ends at once
            time.sleep(0.001)
        yield lock


def _what_runs(folder: Path, deployment: SeldonDeployment) -> str:
    """Where it runs, which model it serves, and how it is ended."""
    end = f"`pylib serve {deployment.metadata.name} --stop` ends it"
    if (there := running(folder)) is None:
        return f"; {end}"
    return f" at {there.url} (process {there.pid}) and serves model {_model(there)}; {end}"


def _model(server: Server) -> str:
    return (served(server) or "unknown")[:12]


def served(server: Server) -> str | None:
    """The digest of the model that a server says it serves; empty where it says none, None if no answer."""
    return served_at(server.url)


def served_at(url: str) -> str | None:
    """The same of the server with that base URL; an answer after 2 s, or of an error, is none."""
    with requests.Session() as session, suppress(requests.RequestException, ValueError):
        session.trust_env = False
        answer = session.get(f"{url}/health/status", timeout=2)
        answer.raise_for_status()
        told = answer.json().get("jsonData")
        return str(told.get("model_digest", "")) if isinstance(told, dict) else ""
    return None


def _acquire(lock: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _podinfo(annotations: dict[str, str]) -> str:
    """Annotations as a pod finds them in the file that the operator mounts (Kubernetes' downward API)."""
    return "".join(f'{name}="{value}"\n' for name, value in annotations.items())


def _launch(
    arguments: list[str], environment: dict[str, str], log: Path, lock: IO[bytes]
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [str(serving_python()), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock.fileno()],
            cwd=log.parent,
        )


def _clean_environment() -> dict[str, str]:
    """Our environment without what would lead the server's Python to ours; with the code of this pylib."""
    ours = {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONSTARTUP"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONPATH": str(Path(pylib.__file__).parents[1]), "PYTHONUNBUFFERED": "1"}


def _ports(http: int, grpc: int, servers: Path) -> Ports:
    """Return three ports that are free now: those asked for (0: any), and any other for metrics.

    servers: the folder of servers' folders; one that has the port is named.
    """
    with ExitStack() as stack:
        ports = []
        for port in (http, grpc, 0):
            listener = stack.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, port))
            except (OSError, OverflowError) as error:
                reason = getattr(error, "strerror", None) or error
                hint = f"{_holder(servers, port)}, or choose another with --port (0 takes a free one)"
                raise ServingError(f"port {port} on {HOST}: {reason}; {hint}") from error
            ports.append(listener.getsockname()[1])
        return ports[0], ports[1], ports[2]


def _holder(servers: Path, port: int) -> str:
    """What to do with whoever has a port."""
    for folder in sorted(path.parent for path in servers.glob("*/server.json")):
        there = running(folder)
        if there and there.url == f"http://{HOST}:{port}":
            model = f"{folder.name} (model {_model(there)})"
            return f"it is where {model} is served: `pylib serve {folder.name} --stop` ends that"
    return "stop what uses it"


def _wait_until_ready(process: subprocess.Popen[bytes], server: Server, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    with requests.Session() as session:
        session.trust_env = False  # no proxy between this machine and itself
        while time.monotonic() < deadline:
            if process.poll() is not None:
                said = f"{_last_line(server)} (status {process.returncode})"
                raise ServingError(f"the model server ended: {said}; its log is {server.log}")
            with suppress(requests.RequestException):
                if session.get(f"{server.url}/health/status", timeout=2).ok:
                    return
            time.sleep(0.05)
    raise ServingError(
        f"the model server is not ready after {timeout:g} s: {_last_line(server)}; see {server.log}"
    )


def _last_line(server: Server) -> str:
    """Return the log's first error line, or else its last line."""
    lines = [
        line
        for line in Path(server.log).read_text(encoding="utf-8", errors="replace").splitlines()
        if line.strip()
    ]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (errors or lines[-1:] or ["no output"])[0]


def _end(pid: int, folder: Path, grace: float) -> None:
    """Ask the server to end; kill its process group if the lock is still held after `grace` seconds."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    with (folder / _LOCK).open("rb") as lock:
        while not _acquire(lock, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            time.sleep(0.02)
