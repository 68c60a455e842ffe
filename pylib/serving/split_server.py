"""The program in front of several predictors on this machine, as Istio's gateway stands on a cluster.

python -m pylib.serving.split_server FILE --http PORT --grpc PORT

FILE is the table of `pylib.serving.split`. SIGTERM ends it once the requests that run are answered.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import uvloop

from pylib.serving import split_rpc
from pylib.serving.listening import listen
from pylib.serving.split import Copies, Split
from pylib.serving.split_rest import front

GRACE = 8
"""Seconds for requests that run when it is ended."""


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Sends each request on to one of several predictors.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--http", type=int, required=True)
    parser.add_argument("--grpc", type=int, required=True)
    given = parser.parse_args()
    uvloop.run(_serve(given.file, given.http, given.grpc))
    sys.stdout.flush()
    os._exit(0)  # Python would wait for a call that hangs


async def _serve(file: Path, http: int, grpc: int) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    split, copies = Split(file), Copies()
    rest, rpc = front(split, copies), split_rpc.serve(grpc, split, copies)
    await rest.start(listen("127.0.0.1", http))
    await told.wait()
    stopped = rpc.stop(GRACE)
    await rest.stop(GRACE)
    await loop.run_in_executor(None, stopped.wait)


if __name__ == "__main__":
    main()
