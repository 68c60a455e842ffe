"""The limit: the work of a request in two processes, asked by nobody.

    python bare.py MODEL BODY CONNECTIONS SECONDS

Each process answers what its share of the connections asks, one after another and without a break; a latency
is the time since the same connection's last answer, as with clients that ask again at once. Prints latencies
as JSON.
"""

import json
import sys
import time
from collections import deque
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

from work import image_of, load

PROCESSES = 2


def answer(model: str, body: bytes, connections: int, seconds: float, start: Barrier) -> list[float]:
    work = load(Path(model))
    for _ in range(5):
        json.dumps(work(image_of(body)))
    start.wait()
    asked = deque([time.perf_counter()] * connections)
    end, latencies = time.perf_counter() + seconds, []
    while asked[0] < end:
        json.dumps(work(image_of(body))).encode()
        now = time.perf_counter()
        latencies.append(now - asked.popleft())
        asked.append(now)
    return latencies


def run(queue, *arguments):
    queue.put(answer(*arguments))


def main(model: str, body: str, connections: int, seconds: float) -> None:
    context = get_context("spawn")
    queue, count = context.Queue(), min(PROCESSES, connections)
    start = context.Barrier(count)
    shares = [connections // count + (i < connections % count) for i in range(count)]
    data = Path(body).read_bytes()
    processes = [
        context.Process(target=run, args=(queue, model, data, share, seconds, start)) for share in shares
    ]
    for each in processes:
        each.start()
    found = [latency for _ in processes for latency in queue.get()]
    for each in processes:
        each.join()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
