"""The verbs `serve` and `predict`: the released model on this machine, and one question to a model server."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pylib.errors import DataError, ServingError
from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.serving.client import Prediction
    from pylib.serving.deployment import SeldonDeployment
    from pylib.serving.local import Server

DEFAULT_PORT = 9000
_REPLACED = 60
"""Seconds that the address before new servers takes at most to come up."""


def serve(
    name: Annotated[str | None, typer.Argument(help="served model; default: the only one")] = None,
    repository: Annotated[
        Path | None,
        typer.Option(help="GitOps clone with the released SeldonDeployment; default: the output's"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            envvar="PYLIB_PORT",
            help=f"port of the REST API on 127.0.0.1; 0 takes a free one; default: {DEFAULT_PORT}",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="calls computed at a time; default: one for each processor"),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="return when the server is ready; it goes on")
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="stop the server of that name, or all that run, and exit")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="print URL, ports, process and log as JSON")
    ] = False,
) -> None:
    """Serve a released model on this machine, until Ctrl-C or SIGTERM.

    Reads the SeldonDeployment that a release commits and runs its graph with the pods' model server, as a
    cluster would, on the loopback interface only. With a canary or a shadow there are two of them, behind one
    address that sends each request where a cluster would. Asked again with --detach, after a release, a
    promotion or a revert, it goes over to what Git names, at the same address; where that runs already it
    says so; --port and --workers hold for a server that is started. With --json alone, it says on which ports
    a running one is; exit status 1 where it is outdated or does not answer.
    """
    from pylib.serving import local, predictors
    from pylib.serving.deployment import read_deployment
    from pylib.serving.repository import choose, served_models

    if stop:
        stopped = [predictors.stop(folder) for folder in _folders(name)]
        print("stopped" if any(stopped) else "no server is running")  # noqa: T201
        return
    place = repository or settings().release_repository
    there = served_models(place)
    likely = [each for each in there if read_deployment(place, each).parameters.get("model_digest")]
    served = choose(name, there, place, likely)
    folder = _state() / served
    before = local.running(folder)
    if before and not detach:
        _tell(before, folder, read_deployment(place, served), as_json=as_json)
        return
    already = before is not None and predictors.is_as_named(read_deployment(place, served), folder, before)
    with _sigterm_as_interrupt():
        server = _start(folder, place, served, DEFAULT_PORT if port is None else port, workers)
        try:
            _say_unused(served, server, port, workers if already else None)
            _announce(server, as_json=as_json, detach=detach, already=already)
            if not detach:
                _wait(folder, server)
        except KeyboardInterrupt:
            predictors.stop(folder)


def predict(
    image: Annotated[Path, typer.Argument(help="a JPEG or PNG file")],
    url: Annotated[str, typer.Option(help="base URL of the server; default: the one that runs here")] = "",
    overlay: Annotated[
        Path | None, typer.Option(help="write the image with the answer over it to this PNG file")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print the answer's numbers and tags as JSON")
    ] = False,
) -> None:
    """Ask a model server what it sees in an image."""
    from pylib.serving.client import Client

    data = _read(image)
    with Client(url or _local_url()) as client:
        prediction = client.predict(data)
    if overlay is not None:
        _write_overlay(overlay, data, prediction)
    if as_json:
        figures = prediction.task.answer.figures(prediction.answer)
        latency = {"latency_seconds": round(prediction.latency, 4)}
        print(json.dumps({**figures, **latency, **prediction.tags}, indent=2))  # noqa: T201
    else:
        _show(image, prediction, overlay)


def _state() -> Path:
    """Where servers keep their state, a folder a model."""
    return settings().output / "serving"


def _folders(name: str | None) -> list[Path]:
    """The folders with a server's state, of that model or of all: one of before models had names, too."""
    found = [*_state().glob(f"{name or '*'}/server.json"), *([] if name else _state().glob("server.json"))]
    return sorted(path.parent for path in found)


def _tell(server: "Server", folder: Path, deployment: "SeldonDeployment", *, as_json: bool) -> None:
    """Say what runs, as JSON where asked for; raises ServingError unless that is what Git names."""
    from pylib.serving import predictors

    if as_json:
        _announce(server, as_json=True, detach=True)
    name, current = deployment.metadata.name, predictors.is_as_named(deployment, folder, server)
    if as_json and current:
        return
    runs = "what Git names" if current else "other models than Git names"
    raise ServingError(
        f"{name} is served already at {server.url} (process {server.pid}), and it is {runs}: `pylib serve "
        f"{name} --detach` has it go over to what Git names, `pylib serve {name} --stop` ends it"
    )


def _start(folder: Path, repository: Path, name: str, port: int, workers: int | None) -> "Server":
    from pylib.serving import predictors
    from pylib.serving.deployment import read_deployment

    places = settings()
    given = predictors.Given(places.artifacts, workers, places.predictions, inbox=places.inbox)
    return predictors.start(read_deployment(repository, name), given, folder=folder, port=port)


def _say_unused(name: str, server: "Server", port: int | None, workers: int | None) -> None:
    """Say which options a server does not take that ran before and goes on at its address."""
    elsewhere = port and not server.url.endswith(f":{port}")
    given = [f"--port {port}"] * bool(elsewhere) + [f"--workers {workers}"] * bool(workers)
    if given:
        later = f"{' and '.join(given)} will hold from a new start on, after `pylib serve {name} --stop`"
        print(f"{name} goes on at {server.url}: {later}", file=sys.stderr)  # noqa: T201


def _announce(server: "Server", *, as_json: bool, detach: bool, already: bool = False) -> None:
    from dataclasses import asdict

    if as_json:
        print(json.dumps(asdict(server), indent=2), flush=True)  # noqa: T201
        return
    end = "`pylib serve --stop` ends it" if detach else "Ctrl-C ends it"
    serving = "serving already, as Git names it," if already else "serving"
    print(f"{serving} at {server.url} (log {server.log}); {end}", flush=True)  # noqa: T201


def _wait(folder: Path, server: "Server") -> None:
    """Wait while the server runs; raises ServingError when it ends by itself."""
    from pylib.serving import predictors, split

    alone = not split.read(folder / split.FILE)
    while predictors.is_whole(folder, server):
        time.sleep(0.5)
    if alone and _was_replaced(folder, server):
        print("another `pylib serve` has put what Git names now in its place, which goes on")  # noqa: T201
        return
    predictors.stop(folder)
    raise ServingError(f"the model server ended by itself; its log is {server.log}")


def _was_replaced(folder: Path, server: "Server") -> bool:
    """Whether another process has put an address before what Git names now; waits until it is there."""
    from pylib.serving import local, split

    until = time.monotonic() + _REPLACED
    while split.read(folder / split.FILE) and time.monotonic() < until:
        if local.running(folder) not in (None, server):
            return True
        time.sleep(0.1)
    return False


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM, as a supervisor sends it, end the server as Ctrl-C does."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _local_url() -> str:
    """The server that runs here; raises ServingError where several do."""
    from pylib.serving import local

    servers = {folder.name: server for folder in _folders(None) if (server := local.running(folder))}
    if len(servers) > 1:
        there = ", ".join(f"{name} at {server.url}" for name, server in servers.items())
        raise ServingError(f"several models are served here ({there}): say which with --url")
    return next(iter(servers.values())).url if servers else f"http://{local.HOST}:{DEFAULT_PORT}"


def _read(image: Path) -> bytes:
    try:
        return image.read_bytes()
    except OSError as error:
        raise DataError(f"{image}: {error.strerror}; give the path of a JPEG or PNG file") from error


def _write_overlay(path: Path, data: bytes, prediction: "Prediction") -> None:
    from pylib.data.images import decode_image, encode_png

    bits = prediction.tags.get("sample_bits")
    pixels = decode_image(data, sample_bits=int(bits) if bits else None)
    picture = prediction.task.answer.picture(pixels, prediction.answer)
    try:
        path.write_bytes(encode_png(picture))
    except OSError as error:
        raise ServingError(f"{path}: {error.strerror}; give a file in a folder that exists") from error


def _show(image: Path, prediction: "Prediction", overlay: Path | None) -> None:
    table = Table(show_header=False)
    for line in prediction.task.answer.lines(prediction.answer):
        table.add_row(*line)
    table.add_row("answered in", f"{1000 * prediction.latency:.0f} ms")
    console = Console()
    console.print(str(image), soft_wrap=True)
    console.print(table)
    for name, value in sorted(prediction.tags.items()):
        console.print(f"{name} {value}", soft_wrap=True)
    if overlay is not None:
        console.print(f"overlay {overlay}", soft_wrap=True)
