"""The model server of a pod: one process, one engine, every protocol; the container contract is Seldon's.

    python -m pylib.serving.host --host 0.0.0.0     # what the image runs

Ports, parameters and names come from the environment that Seldon's operator gives a container
(`pylib.serving.deployment`), limits from the pod's annotations (`pylib.serving.limits`). Threads, one a call,
are one more than the pod's CPU limit allows, or `SERVING_THREADS`; onnxruntime and Pillow compute without
Python's lock, and the one more computes while another waits for it. `SERVING_PROTOCOLS` says which protocols
are on. SIGTERM or SIGINT ends it once the accepted calls are answered.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import re
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import uvloop

from pylib.errors import PylibError, ServingError, did_you_mean
from pylib.serving import processors
from pylib.serving.engine import Engine, Identity
from pylib.serving.front import Front
from pylib.serving.http import Protocol, Request, Response, Route, Router
from pylib.serving.limits import Limits, limits

if TYPE_CHECKING:
    import grpc

ANNOTATIONS = "/etc/podinfo/annotations"
PROTOCOLS = ("seldon", "open-inference", "tensorflow-serving")
_PROBED = "seldon"  # whose paths a pod's probes ask
_PACKAGE = "pylib.serving.protocols"
_SWITCH = 0.0002  # seconds until a thread that computes in Python lets the one that talks to clients go on


class Options(NamedTuple):
    """What a server is started with."""

    host: str
    http_port: int
    grpc_port: int
    metrics_port: int
    metrics_path: str
    threads: int
    protocols: tuple[str, ...]
    limits: Limits


def main() -> None:
    """Run the server until SIGTERM or SIGINT; one line and status 1 where the model cannot be served."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--annotations", default=ANNOTATIONS, help="the pod's, as Kubernetes mounts them")
    arguments = parser.parse_args()
    try:
        serve(engine(), options(arguments.host, Path(arguments.annotations)))
    except PylibError as error:
        sys.exit(f"error: {error}")


def serve(engine: Engine, options: Options) -> None:
    """Serve an engine, which is loaded here; returns once told to end. Raises PylibError."""
    sys.setswitchinterval(_SWITCH)
    uvloop.run(_Host(engine, options).run())
    sys.stdout.flush()
    os._exit(0)  # Python would wait for a call that hangs


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


def options(host: str, annotations: Path) -> Options:
    """What the environment and the pod's annotations say. Raises ServingError."""
    port = {
        name: int(os.environ.get(f"PREDICTIVE_UNIT_{name}_SERVICE_PORT", d)) for name, d in _PORTS.items()
    }
    asked = [name.strip() for name in os.environ.get("SERVING_PROTOCOLS", ",".join(PROTOCOLS)).split(",")]
    for name in asked:
        if name not in PROTOCOLS:
            hint = did_you_mean(name, PROTOCOLS) or f"there are {', '.join(PROTOCOLS)}"
            raise ServingError(f"SERVING_PROTOCOLS names {name!r}: {hint}")
    return Options(
        host, port["HTTP"], port["GRPC"], port["METRICS"],
        os.environ.get("PREDICTIVE_UNIT_METRICS_ENDPOINT", "/prometheus"),
        _threads(), tuple(asked), limits(_read_annotations(annotations)),
    )  # fmt: skip


_PORTS = {"HTTP": 9000, "GRPC": 9500, "METRICS": 6000}


def _threads() -> int:
    """`SERVING_THREADS`, or `GUNICORN_WORKERS` as manifests said it before, or the CPU limit and one."""
    given = os.environ.get("SERVING_THREADS") or os.environ.get("GUNICORN_WORKERS") or "0"
    if not given.isdecimal():
        raise ServingError(
            f"SERVING_THREADS is {given!r}: give a number, or 0 for one more than the CPU limit"
        )
    return int(given) or processors.available() + 1


def _read_annotations(path: Path) -> dict[str, str]:
    """Lines of `name="value"`, as Kubernetes' downward API writes them; none where there is no such file."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return dict(re.findall(r'^\s*([^=\s]+)\s*=\s*"(.*)"\s*$', text, re.MULTILINE))


def _protocol(name: str, part: str) -> ModuleType:
    return import_module(f"{_PACKAGE}.{name.replace('-', '_')}.{part}")


class _Host:
    """The servers of one process: REST first, gRPC once the model is loaded, metrics to the end."""

    def __init__(self, engine: Engine, options: Options) -> None:
        self._engine, self._options = engine, options
        self._told = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told.set)
        self._engine.held = "gRPC does not listen yet"
        rest, metrics = self._fronts()
        await self._listen(rest, self._options.http_port)
        await self._listen(metrics, self._options.metrics_port)
        await loop.run_in_executor(None, self._engine.load)
        rpc = await loop.run_in_executor(None, self._start_rpc)
        self._engine.held = ""
        gc.collect()
        gc.freeze()
        logging.getLogger(__name__).info("ready: %d threads", self._options.threads)
        await self._told.wait()
        grace = self._options.limits.grace_seconds
        stopped = rpc.stop(grace)
        await rest.stop(grace)
        await loop.run_in_executor(None, stopped.wait, grace)
        await metrics.stop(0)
        await loop.run_in_executor(None, self._engine.close)

    def _fronts(self) -> tuple[Front, Front]:
        limits = self._options.limits
        modules = [_protocol(name, "rest") for name in self._options.protocols]
        protocols = [Protocol(each.routes(self._engine), each.refused) for each in modules]
        if _PROBED not in self._options.protocols:
            probed = _protocol(_PROBED, "rest")
            protocols.append(Protocol(probed.probes(self._engine), probed.refused))
        counted = Route(frozenset({"GET"}), re.compile(re.escape(self._options.metrics_path)), self._metrics)
        figures = Protocol([counted], protocols[0].refused)
        threads, count = self._options.threads, self._engine.metrics.request
        without_bodies = limits._replace(held_bytes=0)
        return Front(Router(protocols), threads, limits, count), Front(Router([figures]), 1, without_bodies)

    def _metrics(self, _request: Request, _: object) -> Response:
        text, content_type = self._engine.metrics.text()
        return Response(200, text, {"Content-Type": content_type})

    async def _listen(self, front: Front, port: int) -> None:
        try:
            await front.start(self._options.host, port)
        except OSError as error:
            reason = f"port {port} on {self._options.host}: {error.strerror}"
            raise ServingError(f"{reason}; stop what uses it, or choose another") from error

    def _start_rpc(self) -> "grpc.Server":
        from pylib.serving import rpc

        modules = [_protocol(name, "rpc") for name in self._options.protocols]
        adders = [lambda server, each=each: each.add(self._engine, server) for each in modules]
        services = [name for each in modules for name in each.NAMES]
        address = f"{self._options.host}:{self._options.grpc_port}"
        return rpc.start(address, adders, services, self._options.threads, self._options.limits)


if __name__ == "__main__":
    main()
