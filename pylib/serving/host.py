"""The model server of a pod: an engine, and every protocol; the container contract is Seldon's.

    python -m pylib.serving.host --host 0.0.0.0     # what the image runs

Ports, parameters and names come from the environment that Seldon's operator gives a container
(`pylib.serving.deployment`), limits from the pod's annotations (`pylib.serving.limits`), and how many
processes and threads there are from its limits of CPU and memory (`pylib.serving.options`). The processes are
alike, but that the first shows what all counted. `SERVING_PROTOCOLS` says which protocols are on. SIGTERM or
SIGINT ends it once the accepted calls are answered.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import re
import signal
import socket
import sys
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import uvloop

from pylib.errors import PylibError, ServingError
from pylib.serving import processes
from pylib.serving.engine import Engine, Identity
from pylib.serving.front import Front
from pylib.serving.http import Protocol, Request, Response, Route, Router
from pylib.serving.limits import Limits
from pylib.serving.listening import listen
from pylib.serving.options import ANNOTATIONS, Options, options

if TYPE_CHECKING:
    import grpc

logger = logging.getLogger(__name__)

_PROBED = "seldon"  # whose paths a pod's probes ask
_PACKAGE = "pylib.serving.protocols"
_LOG = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_CLOSE_SECONDS = 5.0  # that the log takes at most to write what waits
_SWITCH = 0.0002  # seconds until a thread that computes in Python lets the one that talks to clients go on


def main() -> None:
    """Run the server until SIGTERM or SIGINT; one line and status 1 where the model cannot be served."""
    logging.basicConfig(level=logging.INFO, format=_LOG)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--annotations", default=ANNOTATIONS, help="the pod's, as Kubernetes mounts them")
    arguments = parser.parse_args()
    try:
        serve(engine(), options(arguments.host, Path(arguments.annotations)))
    except PylibError as error:
        sys.exit(f"error: {error}")


def serve(engine: Engine, options: Options) -> None:
    """Serve an engine, which is loaded here; ends this process, with status 0 once told to.

    Raises ServingError where a port is in use.
    """
    sys.setswitchinterval(_SWITCH)
    for name in options.protocols:
        _protocol(name, "rest")  # what is imported now is shared
    sockets = [_listen(options.host, port) for port in (options.http_port, options.metrics_port)]
    held = _hold(options.host, options.grpc_port) if options.processes > 1 else None
    several = processes.start(options.processes)
    status = 1
    try:
        with held or nullcontext():
            uvloop.run(_Host(engine, options, several).run(*sockets))
        status = 0
    except PylibError as error:
        if several.number:
            several.fail(str(error))
        else:
            sys.stderr.write(f"error: {error}\n")
    except BaseException:
        logger.exception("this process of the server fails")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Python would wait for a call that hangs


def _hold(host: str, port: int) -> socket.socket:
    """Keep a port that nobody has for those who share it: gRPC in each process, and in no other program."""
    _listen(host, port).close()
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((host, port))
    return held


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except (OSError, OverflowError) as error:
        reason = f"port {port} on {host}: {getattr(error, 'strerror', error)}"
        raise ServingError(f"{reason}; stop what uses it, or choose another") from error


def engine() -> Engine:
    """The engine of the graph's parameters, which the operator passes as JSON. Raises ServingError."""
    given = {each["name"]: each["value"] for each in json.loads(os.environ.get(_PARAMETERS, "[]"))}
    unknown = given.keys() - set(Identity._fields)
    if unknown:
        raise ServingError(f"the predictor has no parameter {min(unknown)!r}: remove it from the graph")
    identity = Identity(**{name: str(given.get(name, "")) for name in Identity._fields})
    # A shadow's answers are thrown away, and what is mirrored to it is kept by the one that answers.
    shadow = os.environ.get("PREDICTOR_ID") == _SHADOW
    return Engine(
        identity,
        artifacts=os.environ.get("ARTIFACT_STORE", ""),
        log=os.environ.get("PREDICTION_LOG") or None,
        inbox="" if shadow else os.environ.get("FEEDBACK_INBOX", ""),
    )


_PARAMETERS = "PREDICTIVE_UNIT_PARAMETERS"
_SHADOW = "shadow"  # as pylib.release names that predictor


def _protocol(name: str, part: str) -> ModuleType:
    return import_module(f"{_PACKAGE}.{name.replace('-', '_')}.{part}")


class _Host:
    """The servers of one process: REST first, gRPC once the model is loaded; the first shows figures too."""

    def __init__(self, engine: Engine, options: Options, several: processes.Processes) -> None:
        self._engine, self._options, self._processes = engine, options, several
        self._limits = options.limits.share(options.processes)
        self._told = asyncio.Event()

    async def run(self, http: socket.socket, metrics: socket.socket) -> None:
        """Serve until told to end. Raises PylibError: the model cannot be loaded."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        self._processes.watch(self._engine.metrics.counted, self._end, self._fail)
        self._engine.held = self._why_held
        rest = self._rest()
        await rest.start(http)
        figures = await self._figures(metrics)
        await loop.run_in_executor(None, self._engine.load)
        rpc = await loop.run_in_executor(None, self._start_rpc)
        self._processes.board.set_ready()
        gc.collect()
        gc.freeze()
        own, count, threads = self._processes.number + 1, self._options.processes, self._options.threads
        logger.info("ready: process %d of %d, threads: %d", own, count, threads)
        await self._told.wait()
        await self._stop(rest, rpc)
        if figures:
            await figures.stop(0)

    async def _stop(self, rest: Front, rpc: "grpc.Server") -> None:
        """Answer what was accepted, and write what waits; in the first, wait for the others to do so too."""
        loop, grace = asyncio.get_running_loop(), self._limits.grace_seconds
        until = loop.time() + grace + _CLOSE_SECONDS
        stopped = rpc.stop(grace)
        await rest.stop(grace)
        await loop.run_in_executor(None, stopped.wait, grace)
        await loop.run_in_executor(None, self._engine.close)
        if self._processes.number:
            self._processes.leave(self._engine.metrics.counted())
        else:
            await loop.run_in_executor(None, self._processes.wait, until - loop.time())

    def _end(self) -> None:
        self._processes.end()
        self._told.set()

    def _fail(self, reason: str) -> None:
        """Another process has ended: end too, and at once, since nobody is to be sent here any more."""
        if not self._processes.number:
            sys.stderr.write(f"error: {reason}\n")
            sys.stderr.flush()
        self._engine.close()
        os._exit(1)

    def _why_held(self) -> str:
        return (
            "" if self._processes.board.all_ready() else "gRPC does not listen yet, or another process loads"
        )

    def _rest(self) -> Front:
        modules = [_protocol(name, "rest") for name in self._options.protocols]
        protocols = [Protocol(each.routes(self._engine), each.refused) for each in modules]
        if _PROBED not in self._options.protocols:
            probed = _protocol(_PROBED, "rest")
            protocols.append(Protocol(probed.probes(self._engine), probed.refused))
        count, board = self._engine.metrics.request, self._processes.board
        return Front(Router(protocols), self._options.threads, self._limits, count, board)

    async def _figures(self, metrics: socket.socket) -> Front | None:
        """Show what all processes counted; the first does."""
        if self._processes.number:
            metrics.close()
            return None
        self._engine.metrics.others = self._processes.figures
        counted = Route(frozenset({"GET"}), re.compile(re.escape(self._options.metrics_path)), self._metrics)
        refused = _protocol(self._options.protocols[0], "rest").refused
        front = Front(Router([Protocol([counted], refused)]), 1, Limits(held_bytes=0))
        await front.start(metrics)
        return front

    def _metrics(self, _request: Request, _: object) -> Response:
        text, content_type = self._engine.metrics.text()
        return Response(200, text, {"Content-Type": content_type})

    def _start_rpc(self) -> "grpc.Server":
        from pylib.serving import rpc

        options = self._options
        modules = [_protocol(name, "rpc") for name in options.protocols]
        adders = [lambda server, each=each: each.add(self._engine, server) for each in modules]
        services = [name for each in modules for name in each.NAMES]
        host = f"[{options.host}]" if ":" in options.host else options.host
        address, shared = f"{host}:{options.grpc_port}", options.processes > 1
        # A client's calls over gRPC come to one process, which takes as many as the pod may have.
        limits = self._limits._replace(calls=options.limits.calls)
        return rpc.start(address, adders, services, options.threads, limits, shared=shared)


if __name__ == "__main__":
    main()
