"""The program in front of several predictors on this machine, as Istio's gateway stands on a cluster.

python -m pylib.serving.split_server FILE --http PORT --grpc PORT

FILE is the table of `pylib.serving.split`. SIGTERM ends it once the requests that run are answered.
"""

import argparse
import signal
from contextlib import suppress
from pathlib import Path

from pylib.serving import split_rpc
from pylib.serving.split import Copies, Split
from pylib.serving.split_rest import Server

GRACE = 8
"""Seconds for requests that run when it is ended."""


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Sends each request on to one of several predictors.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--http", type=int, required=True)
    parser.add_argument("--grpc", type=int, required=True)
    given = parser.parse_args()
    split, copies = Split(given.file), Copies()
    rest = Server(given.http, split, copies)
    rpc = split_rpc.serve(given.grpc, split, copies)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        rest.serve_forever()
    stopped = rpc.stop(GRACE)
    rest.finish(GRACE)
    stopped.wait()


if __name__ == "__main__":
    main()
