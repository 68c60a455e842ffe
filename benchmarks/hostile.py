"""What the model server does with requests that nobody should send: 100,000 of them, over every protocol.

    .venv/bin/python benchmarks/hostile.py                          # the model of the newest run in ./out
    .venv/bin/python benchmarks/hostile.py MODEL_FOLDER --requests 5000 --seed 7
    .venv/bin/python benchmarks/hostile.py MODEL_FOLDER --seed 7 --only 1234      # that one again

Each request is made from the seed and its number alone: damaged, oversized and strange files in sound
requests, strange JSON and tensors, broken HTTP and gRPC, slow senders, bursts of connections. A fault is an
answer of 5xx that is no 503 with Retry-After, gRPC's UNKNOWN, INTERNAL or DEADLINE_EXCEEDED, a sound transfer
that is not answered, a connection that is neither answered nor closed in time; and, of the run, a good
request that is answered otherwise than at its beginning, memory that grows in the second half, descriptors
that stay. Prints a table of kinds and statuses, and exits 1 where there is a fault.
"""

import argparse
import hashlib
import json
import random
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import grpc

from benchmarks.mutations import calls, wire
from benchmarks.mutations.images import encoded
from benchmarks.mutations.messages import good
from benchmarks.servers import resources
from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.limits import Limits
from pylib.serving.repository import SERVER, manifest
from pylib.settings import settings
from pylib.store.artifacts import ArtifactStore

THREADS = 4
HANG = Limits().receive_seconds + 15
SLOW = 20
"""Connections that send a byte a second, from the beginning."""
BURST = 300
_RANDOM_BITS = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Report:
    """counts: (kind, status) to how many; faults: sentences, with the number of the request."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def note(self, kind: str, status: str, fault: str = "") -> None:
        self.counts[kind, status] += 1
        if fault:
            self.faults.append(fault)


def main() -> None:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        deployment, artifacts = release(arguments.model, Path(folder))
        server = local.start(deployment, artifacts=artifacts, folder=Path(folder) / "serving", port=0)
        try:
            if arguments.only is not None:
                return print(Attack(server, arguments.seed).ask(arguments.only))
            report = run(server, arguments.requests, arguments.seed)
        finally:
            local.stop(Path(folder) / "serving")
    show(report)
    return sys.exit(1 if report.faults else 0)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", type=Path, nargs="?", help="folder with model.onnx [default: the newest run's]"
    )
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of one request")
    given = parser.parse_args()
    found = sorted((settings().output / "latest").resolve().glob("*/train/model"))
    given.model = given.model or (found[-1] if found else sys.exit("no run in ./out: name a model folder"))
    return given


def release(model: Path, folder: Path) -> tuple[SeldonDeployment, str]:
    """Put the model into a store and its digest into the repository's own SeldonDeployment."""
    digest = hashlib.sha256((model / "model.onnx").read_bytes()).hexdigest()
    artifacts = (folder / "artifacts").as_uri()
    ArtifactStore(artifacts).put_model(model, digest)
    for file in (SERVER, path := manifest("segmentation")):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(__file__).parents[1] / file, folder / file)
    text = (folder / path).read_text()
    (folder / path).write_text(text.replace('value: ""', f'value: "{digest}"', 1))
    return read_deployment(folder, "segmentation"), artifacts


class Attack:
    """Requests of one seed against one server."""

    def __init__(self, server: local.Server, seed: int) -> None:
        self.server, self.seed, self.report = server, seed, Report()
        self.http = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        self.grpc = ("127.0.0.1", server.grpc_port)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")

    def ask(self, number: int) -> tuple[str, str]:
        """Send the request of that number; return its kind and what came, and note it."""
        draw = random.Random(f"{self.seed}:{number}")
        chance = draw.random()
        if chance < 0.02:
            kind, status, fault = self._garbage(draw)
        elif chance < 0.25:
            kind, status, fault = self._call(draw)
        else:
            kind, status, fault = self._exchange(draw)
        self.report.note(kind, status, fault and f"request {number}, {kind}: {fault}")
        return kind, status

    def _exchange(self, draw: random.Random) -> tuple[str, str, str]:
        sent = wire.exchange(draw)
        try:
            got = wire.ask(self.http, sent, HANG)
        except TimeoutError:
            return sent.kind, "hang", f"neither answered nor closed in {HANG:g} s"
        deliberate = got.status == "503" and got.retry
        wrong = not (got.status[:1] in {"2", "4"} or deliberate or (got.status == "closed" and sent.closes))
        return sent.kind, got.status, f"{got.status} {got.body[:200]!r}" if wrong else ""

    def _call(self, draw: random.Random) -> tuple[str, str, str]:
        made = calls.call(draw)
        status, _ = calls.ask(self._channel, made, HANG)
        wrong = status in {"UNKNOWN", "INTERNAL", "DEADLINE_EXCEEDED", "DATA_LOSS", "ABORTED"}
        return made.kind, status, f"{status} of {made.method}" if wrong else ""

    def _garbage(self, draw: random.Random) -> tuple[str, str, str]:
        try:
            return "gRPC: no HTTP/2", calls.garbage(draw, self.grpc, HANG), ""
        except TimeoutError:
            return "gRPC: no HTTP/2", "hang", f"not closed in {HANG:g} s"

    def good(self) -> list[bytes]:
        """What sound requests of all forms are answered, but for what differs from answer to answer."""
        said = [
            wire.ask(self.http, wire.Exchange("", [wire.head(m) + m.body]), HANG) for m in good(encoded())
        ]
        draw = random.Random(0)
        made = [each(encoded(), draw) for each in (calls.open_infer, calls.tensorflow_predict)]
        replies = [sorted(calls.ask(self._channel, each, HANG)[1]) for each in made]  # maps have no order
        return [_RANDOM_BITS.sub(b"", each.body) for each in said] + [
            str(len(reply)).encode() for reply in replies
        ]


def run(server: local.Server, requests: int, seed: int) -> Report:
    """Send them all, watch the server, and say what was wrong."""
    attack = Attack(server, seed)
    expected = attack.good()
    slow = [threading.Thread(target=drip, args=(attack,)) for _ in range(SLOW)]
    for each in slow:
        each.start()
    for start in range(0, requests, step := max(1, requests // 10)):
        numbers = range(start, min(start + step, requests))
        threads = [threading.Thread(target=_each, args=(attack, numbers[n::THREADS])) for n in range(THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        burst(attack)
        _check(attack, expected, f"after {numbers.stop:,} requests")
    for each in slow:
        each.join()
    _check_growth(attack)
    return attack.report


def _each(attack: Attack, numbers: range) -> None:
    for number in numbers:
        try:
            attack.ask(number)
        except Exception as error:  # noqa: BLE001  (what ends the server ends its connections)
            attack.report.note("?", "error", f"request {number}: {type(error).__name__}: {error}")


def drip(attack: Attack) -> None:
    """Send a request byte by byte, slower than it may be: it is refused or closed within its time."""
    until = time.monotonic() + HANG
    with closing(socket.create_connection(attack.http)) as connection:
        connection.settimeout(1)
        try:
            connection.sendall(b"POST /predict HTTP/1.1\r\nX: ")
            while time.monotonic() < until:
                connection.sendall(b"x")
                try:
                    data = connection.recv(4096)
                    return attack.report.note("a byte a second", data[9:12].decode() or "closed")
                except TimeoutError:
                    continue
        except OSError:
            return attack.report.note("a byte a second", "closed")
    return attack.report.note("a byte a second", "hang", f"a request was read for {HANG:g} s")


def burst(attack: Attack) -> None:
    """Many connections that say nothing, while a good request is asked."""
    connections = [socket.create_connection(attack.http) for _ in range(BURST)]
    try:
        message = good(encoded())[0]
        said = wire.ask(attack.http, wire.Exchange("", [wire.head(message) + message.body]), HANG)
        wrong = "" if said.status == "200" else f"{said.status} beside {BURST} idle connections"
        attack.report.note("many connections", said.status, wrong)
    finally:
        for each in connections:
            each.close()


def _check(attack: Attack, expected: list[bytes], when: str) -> None:
    if attack.good() != expected:
        attack.report.faults.append(f"{when}: a good request is answered otherwise than at the beginning")
    attack.report.megabytes.append(resources.memory(attack.server.pid) / 2**20)
    attack.report.descriptors.append(resources.descriptors(attack.server.pid))


def _check_growth(attack: Attack) -> None:
    report, half = attack.report, len(attack.report.megabytes) // 2
    before, after = (median(each) for each in (report.megabytes[:half], report.megabytes[half:]))
    if after > 1.2 * before + 32:  # one costly request shortly before it was looked at is no growth
        report.faults.append(f"memory grew from {before:.0f} to {after:.0f} MiB in the second half")
    if report.descriptors[-1] > report.descriptors[0] + 10:
        report.faults.append(f"descriptors grew from {report.descriptors[0]} to {report.descriptors[-1]}")


def show(report: Report) -> None:
    statuses = sorted({status for _, status in report.counts})
    print(f"{'kind':34}" + "".join(f"{status[:12]:>13}" for status in statuses))
    for kind in sorted({kind for kind, _ in report.counts}):
        print(f"{kind:34}" + "".join(f"{report.counts[kind, status] or '':>13}" for status in statuses))
    print(f"memory {' '.join(f'{each:.0f}' for each in report.megabytes)} MiB")
    print(f"descriptors {' '.join(map(str, report.descriptors))}")
    print(json.dumps(report.faults[:50], indent=2) if report.faults else "no fault")


if __name__ == "__main__":
    main()
