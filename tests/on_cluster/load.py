"""Asks a model server steadily and prints a line for each answer: the whole program of a pod.

python3 -c "$(cat load.py)" URL CONNECTIONS REQUESTS_PER_SECOND     in the serving image
"""

import json
import sys
import threading
import time
from contextlib import suppress

import numpy as np

from pylib.data.images import encode_png
from pylib.errors import ServingError
from pylib.serving.client import Client

SECONDS = 10  # to wait for an answer


def main(url: str, connections: int, per_second: float) -> None:
    """Begin once somebody answers; go on until the pod ends."""
    with Client(url, timeout=SECONDS) as client:
        while not _is_there(client):
            time.sleep(0.2)
    for number in range(connections):
        threading.Thread(target=ask, args=(url, number, connections / per_second)).start()


def ask(url: str, number: int, interval: float) -> None:
    """One connection: a request each `interval` seconds, or as soon as the answer to the last is there."""
    image = encode_png(np.random.default_rng(number).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    due = time.monotonic()
    with Client(url, timeout=SECONDS) as client:
        while True:
            sys.stdout.write(json.dumps(answer(client, image)) + "\n")
            sys.stdout.flush()
            now = time.monotonic()
            due = max(due + interval, now)
            time.sleep(due - now)


def answer(client: Client, image: bytes) -> dict[str, str | float]:
    """Which model answered and after how many seconds, or what went wrong."""
    try:
        prediction = client.predict(image)
    except ServingError as error:
        return {"error": str(error)}
    return {"digest": prediction.tags["model_digest"], "seconds": round(prediction.latency, 3)}


def _is_there(client: Client) -> bool:
    with suppress(ServingError):
        return bool(client.status())
    return False


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
