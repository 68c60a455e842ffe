"""How fast the served model answers, beside the limit and beside other servers, in one run.

    .venv/bin/python benchmarks/serving.py                      # the newest runs' models in ./out, both tasks
    .venv/bin/python benchmarks/serving.py MODEL_FOLDER … --seconds 20 --rounds 5
    .venv/bin/python benchmarks/serving.py MODEL_FOLDER --memory 100000  # resident memory before and after
    .venv/bin/python benchmarks/serving.py MODEL_FOLDER --cold           # from the start to the first answer

Compared are: *bare*, the work of a request in two processes that nobody asks over a network; *ours*;
*minimal*, an application of 20 lines on uvicorn with two workers; *MLServer* with two workers, over the Open
Inference Protocol; and with images as JSON numbers *ours* and *wrapper*, Seldon's own server with two
workers. All do the same work (servers/work.py), but for wrapper, which decodes and encodes numbers alone.
Each of the others gets an environment to throw away (servers/others.py). Variants take turns, `--rounds`
times, so that what else the machine does meets all; the load comes from one process on the same processors
(servers/load.py).
"""

import argparse
import base64
import hashlib
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import requests
from PIL import Image

from benchmarks.servers import resources
from benchmarks.servers.others import environments, other
from pylib.data.images import decode_image, resize_image
from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.onnx_contract import open_model
from pylib.serving.repository import SERVER, manifest
from pylib.settings import settings
from pylib.store.artifacts import ArtifactStore

ROOT = Path(__file__).parents[1]
SERVERS = ROOT / "benchmarks/servers"
CONNECTIONS = (1, 4, 16)
SELDON, OPEN_INFERENCE = "/api/v1.0/predictions", "/v2/models/model/infer"


class Variant(NamedTuple):
    """What is asked: its name, its address (empty: bare), the path and the file with the body."""

    name: str
    address: str
    path: str
    body: Path


def main() -> None:
    """Measure what the command line asks for."""
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        pythons = {} if arguments.cold or arguments.memory else environments(Path(folder))
        for number, model in enumerate(arguments.model):
            place = Path(folder) / str(number)
            place.mkdir()
            bodies = payloads(model / "model.onnx", arguments.image, arguments.size, place)
            if arguments.cold:
                cold(model, place, bodies["seldon"])
            elif arguments.memory:
                memory(model, place, bodies["seldon"], arguments.memory)
            else:
                compare(model, place, bodies, pythons, arguments)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("model", type=Path, nargs="*", help="folders with model.onnx [default: those of the newest runs]")
    add("--image", type=Path, help="the image to ask about (default: a smooth random one)")
    add("--size", type=int, default=128, help="its side in pixels, after resizing")
    add("--seconds", type=float, default=10, help="duration of each measurement")
    add("--rounds", type=int, default=3, help="how often the variants take turns")
    add("--memory", type=int, metavar="REQUESTS", help="ask so often, and say what memory the server has")
    add("--cold", action="store_true", help="say how long a start takes")
    given = parser.parse_args()
    given.model = given.model or newest_models(settings().output)
    return given


def newest_models(output: Path) -> list[Path]:
    """Return the model folders of the newest runs, one of each task."""
    found = sorted(output.glob("**/model/model.onnx"), key=lambda path: path.stat().st_mtime)
    by_task = {open_model(path.read_bytes())[1].task: path.parent for path in found}
    return list(by_task.values()) or sys.exit(f"no run in {output}: start ./run_e2e.sh, or name a folder")


def payloads(model: Path, path: Path | None, size: int, folder: Path) -> dict[str, Path]:
    """Write the bodies, all of one image: of size by size pixels; as numbers, of the model's own size."""
    if path:
        pixels = resize_image(decode_image(path.read_bytes()), size)
    else:
        coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        pixels = resize_image(coarse, size)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=90)
    image = base64.b64encode(buffer.getvalue()).decode()
    numbers = resize_image(pixels, open_model(model.read_bytes())[1].image_size).astype(float).tolist()
    tensor = {"name": "image", "shape": [1, 1], "datatype": "BYTES", "data": [image]}
    bodies = {
        "seldon": {"binData": image},
        "numbers": {"data": {"ndarray": numbers}},
        "open inference": {"inputs": [tensor]},
    }
    for name, body in bodies.items():
        (folder / f"{name}.json").write_text(json.dumps(body))
    return {name: folder / f"{name}.json" for name in bodies}


def release(model: Path, folder: Path) -> tuple[SeldonDeployment, str]:
    """Put the model into a store and its digest into the repository's own SeldonDeployment."""
    digest = hashlib.sha256((model / "model.onnx").read_bytes()).hexdigest()
    artifacts = (folder / "artifacts").as_uri()
    ArtifactStore(artifacts).put_model(model, digest)
    for file in (SERVER, path := manifest("segmentation")):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    text = (folder / path).read_text()
    (folder / path).write_text(text.replace('value: ""', f'value: "{digest}"', 1))
    return read_deployment(folder, "segmentation"), artifacts


@contextmanager
def ours(model: Path, folder: Path) -> Iterator[local.Server]:
    """Our server, as `pylib serve` starts it."""
    deployment, artifacts = release(model, folder)
    try:
        yield local.start(deployment, artifacts=artifacts, folder=folder, port=0)
    finally:
        local.stop(folder)


def compare(
    model: Path, folder: Path, bodies: dict[str, Path], pythons: dict[str, str], given: argparse.Namespace
) -> None:
    """Measure all variants in turns, and print the table."""
    with ExitStack() as stack:
        address = stack.enter_context(ours(model, folder)).url.removeprefix("http://")
        start = {name: stack.enter_context(other(name, model, pythons[name], folder)) for name in pythons}
        variants = [
            Variant("bare", "", "", bodies["seldon"]),
            Variant("ours", address, SELDON, bodies["seldon"]),
            Variant("minimal", start["minimal"], SELDON, bodies["seldon"]),
            Variant("MLServer", start["MLServer"], OPEN_INFERENCE, bodies["open inference"]),
            Variant("ours, numbers", address, SELDON, bodies["numbers"]),
            Variant("wrapper, numbers", start["wrapper"], SELDON, bodies["numbers"]),
        ]
        found: dict[tuple[int, str], list[tuple[float, list[float]]]] = {}
        for variant in variants[1:]:
            measure(variant, model, max(CONNECTIONS), 1)  # warm
        for _ in range(given.rounds):
            for connections in CONNECTIONS:
                for variant in variants:
                    latencies = measure(variant, model, connections, given.seconds)
                    rate = len(latencies) / given.seconds
                    found.setdefault((connections, variant.name), []).append((rate, latencies))
    _, contract = open_model((model / "model.onnx").read_bytes())
    print(f"\n{contract.task}, {contract.image_size} pixels:\n")
    table(found)


def measure(variant: Variant, model: Path, connections: int, seconds: float) -> list[float]:
    """Latencies in seconds."""
    count = [str(variant.body), str(connections), str(seconds)]
    if variant.address:
        command = [sys.executable, SERVERS / "load.py", variant.address, variant.path, *count]
    else:
        command = [local.serving_python(), SERVERS / "bare.py", model / "model.onnx", *count]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{variant.name} was not measured: {done.stderr}")
    return json.loads(done.stdout)


def table(found: dict[tuple[int, str], list[tuple[float, list[float]]]]) -> None:
    """Print it as Markdown; ratios are medians of those of each round, which met the same machine."""
    print("| connections | server | requests/s | p50 ms | p99 ms | rate / bare | p99 / bare |")
    print("|--:|:--|--:|--:|--:|--:|--:|")
    for (connections, name), rounds in found.items():
        bare = found[connections, "bare"]
        rate = statistics.median(rate for rate, _ in rounds)
        p50, p99 = (
            statistics.median(1000 * np.percentile(latencies, part) for _, latencies in rounds)
            for part in (50, 99)
        )
        pairs = list(zip(rounds, bare, strict=True))
        of_rate = statistics.median(mine / theirs for (mine, _), (theirs, _) in pairs)
        of_p99 = statistics.median(
            np.percentile(mine, 99) / np.percentile(theirs, 99) for (_, mine), (_, theirs) in pairs
        )
        print(
            f"| {connections} | {name} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {of_rate:.2f} | {of_p99:.2f} |"
        )


def memory(model: Path, folder: Path, body: Path, count: int) -> None:
    """Print the resident memory of our server, once warm and after so many requests."""
    with ours(model, folder) as server:
        variant = Variant("ours", server.url.removeprefix("http://"), SELDON, body)
        rate = len(measure(variant, model, 4, 10)) / 10
        before, asked = resources.memory(server.pid), 0
        while asked < count:
            asked += len(measure(variant, model, 4, min(60, max(1, (count - asked) / rate))))
            now = resources.memory(server.pid)
            print(f"{asked:,} requests: {now / 2**20:.1f} MiB (at first {before / 2**20:.1f})")


def cold(model: Path, folder: Path, body: Path) -> None:
    """Print seconds from the start of a server's process to the first answer, of five starts."""
    seconds = []
    for number in range(5):
        place = folder / str(number)
        place.mkdir()
        release(model, place)
        started = time.perf_counter()
        with ours(model, place) as server:
            data = body.read_bytes()
            headers = {"Content-Type": "application/json"}
            requests.post(server.url + SELDON, data=data, headers=headers, timeout=30).raise_for_status()
            seconds.append(time.perf_counter() - started)
    print(f"start to first answer: {', '.join(f'{each:.2f}' for each in sorted(seconds))} s")


if __name__ == "__main__":
    main()
