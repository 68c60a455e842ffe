"""Asks a model server steadily, over REST and gRPC, and prints a line for each answer: a pod's program.

python3 -c "$(cat load.py)" URL HOST:PORT CONNECTIONS CALLS_PER_SECOND     in the serving image

So many connections of each kind, so many calls a second over all of one kind; none is tried again.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import grpc
import numpy as np
from google.protobuf.json_format import MessageToDict
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.proto.prediction_pb2_grpc import SeldonStub

from pylib.data.images import encode_png
from pylib.errors import ServingError
from pylib.serving.client import Client

SECONDS = 10  # to wait for an answer
# Otherwise all channels to one address share one connection.
CHANNEL = [("grpc.use_local_subchannel_pool", 1)]
Ask = Callable[[bytes], str]


class CallError(Exception):
    """What went wrong with a call."""


def main(url: str, target: str, connections: int, per_second: float) -> None:
    """Begin once somebody answers; go on until the pod ends."""
    with Client(url, timeout=SECONDS) as client:
        while not _is_there(client):
            time.sleep(0.2)
    for protocol, connect in (("rest", lambda: rest(url)), ("grpc", lambda: remote_call(target))):
        for number in range(connections):
            arguments = (protocol, connect(), number, connections / per_second)
            threading.Thread(target=ask, args=arguments).start()


def ask(protocol: str, call: Ask, number: int, interval: float) -> None:
    """One connection: a call each `interval` seconds, or as soon as the answer to the last is there."""
    image = encode_png(np.random.default_rng(number).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    due = time.monotonic()
    while True:
        sys.stdout.write(json.dumps({"protocol": protocol, **answer(call, image)}) + "\n")
        sys.stdout.flush()
        now = time.monotonic()
        due = max(due + interval, now)
        time.sleep(due - now)


def answer(call: Ask, image: bytes) -> dict[str, str | float]:
    """Which model answered and after how many seconds, or what went wrong."""
    started = time.monotonic()
    try:
        digest = call(image)
    except CallError as error:
        return {"error": str(error), "seconds": round(time.monotonic() - started, 3)}
    return {"digest": digest, "seconds": round(time.monotonic() - started, 3)}


def rest(url: str) -> Ask:
    """A call over REST: an image file's content to the digest of the model that answered."""
    client = Client(url, timeout=SECONDS)

    def call(image: bytes) -> str:
        try:
            return client.predict(image).tags["model_digest"]
        except ServingError as error:
            raise CallError(f"{error}: {error.__cause__!r}") from error

    return call


def remote_call(target: str) -> Ask:
    """The same over gRPC, on a connection of its own."""
    stub = SeldonStub(grpc.insecure_channel(target, options=CHANNEL))

    def call(image: bytes) -> str:
        try:
            reply = MessageToDict(stub.Predict(SeldonMessage(binData=image), timeout=SECONDS))
            return str(reply["meta"]["tags"]["model_digest"])
        except grpc.RpcError as error:
            raise CallError(f"{error.code()}: {error.details()}") from error
        except KeyError as error:
            raise CallError(f"it answered {reply}") from error

    return call


def _is_there(client: Client) -> bool:
    with suppress(ServingError):
        return bool(client.status())
    return False


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
