"""The processes of a model server: they start together, finish the calls they accepted, and end together.

Seldon's own start leaves the end to gunicorn, which knows its own workers alone: gRPC is cut. Here one
process watches all servers. SIGTERM or SIGINT asks it to end: REST and gRPC take no new call and answer those
that they accepted, metrics end last. A second signal changes nothing; a server that ends by itself takes the
others along.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn

Server = Callable[[], None]

GRACE = 25
"""Seconds for calls that were accepted. A pod has 40, of which Seldon's preStop takes 10."""

CONNECTION_AGE = 5
"""Seconds after which gRPC asks a client to connect anew, give or take a tenth.

A Service chooses a pod for a connection, not for a call. What still calls a server that stops is cancelled,
so that clients must have left within Seldon's preStop, whose first second or two still sends new ones.
"""

_SLACK = 2  # for a server to end once its calls have
_ENDING = {signal.SIGTERM, signal.SIGINT}
_grpc_is_to_come = multiprocessing.Event()  # of all processes that are forked from here


def hold_signals() -> None:
    """Keep what asks for the end until `serve` looks for it; the first process of a pod would not get it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDING, signal.SIGCHLD})


def serve(rest: Server, grpc: Server | None, custom: Server | None, metrics: Server) -> NoReturn:
    """Run the servers, in the place of Seldon's `start_servers`; `hold_signals` comes first.

    Exits with 0 once told to end; with the status of the server that ended where none was told to, never 0.
    """
    grpc_parent = None if grpc is None else lambda: _pass_on(grpc)
    if grpc is not None:
        _grpc_is_to_come.set()
    calls = [_start(each) for each in (rest, grpc_parent) if each is not None]
    others = [_start(each) for each in (custom, metrics) if each is not None]
    told = _wait(calls + others)
    codes = [each.exitcode for each in calls + others if each.exitcode]
    _end(calls, GRACE + _SLACK)
    _end(others, _SLACK)
    sys.exit(0 if told else max(codes, default=1))


def waits_for_grpc() -> bool:
    """Whether gRPC is asked for and does not listen yet: REST is faster, and a probe asks REST alone."""
    return _grpc_is_to_come.is_set()


def end_with_parent() -> None:
    """End this process, as if told to, once the process that started it is gone."""
    threading.Thread(target=_watch_parent, daemon=True).start()


def wait_and_finish(server: Any) -> NoReturn:
    """Wait for SIGTERM, let a grpc.Server answer its calls, and end.

    In the place of Seldon's `_wait_forever`, which it calls as soon as the server listens.
    """
    _grpc_is_to_come.clear()
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    told.wait()
    server.stop(GRACE).wait()
    sys.stdout.flush()
    os._exit(0)  # Python would wait for a call that hangs


def answer_queue(worker: Any) -> None:
    """Let a gunicorn worker that was told to end answer who is connected, but was not accepted yet."""
    until = time.monotonic() + GRACE / 2
    with suppress(OSError):  # EAGAIN: nobody is left
        while time.monotonic() < until:
            worker.notify()
            worker.accept(worker.sockets[0])


def _start(server: Server) -> BaseProcess:
    process = multiprocessing.Process(target=_run, args=(server,))
    process.start()
    return process


def _run(server: Server) -> None:
    # SIGINT stays held: a terminal sends it to all, and gunicorn's workers would drop their calls.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
    end_with_parent()
    server()


def _wait(servers: Iterable[BaseProcess]) -> bool:
    """Return True once told to end, False once a server has ended."""
    while signal.sigwait({*_ENDING, signal.SIGCHLD}) == signal.SIGCHLD:
        if not all(each.is_alive() for each in servers):
            return False
    return True


def _end(servers: list[BaseProcess], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for each in servers:
        each.terminate()
    for each in servers:
        each.join(max(0.0, deadline - time.monotonic()))
        if each.is_alive():
            each.kill()
            each.join()


def _pass_on(server: Server) -> None:
    """Run the server that starts gRPC's workers; pass SIGTERM on to them, and outlive them."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        server()
    finally:
        workers = multiprocessing.active_children()
        for each in workers:
            each.terminate()
        for each in workers:
            each.join()


def _leave(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
