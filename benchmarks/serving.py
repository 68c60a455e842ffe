"""How fast the served model answers, and what JSON numbers cost beside a JPEG.

Serves one model with Seldon's own server and asks it, over four connections, for the segmentation of one
image, sent as JPEG (binData) and as numbers (data.ndarray), with one worker process and with two:

    .venv/bin/python benchmarks/serving.py                          # the model of the newest run in ./out
    .venv/bin/python benchmarks/serving.py MODEL_FOLDER --image cat.jpg --seconds 10

Prints requests per second and the latencies' median and 99th percentile, and the ratio of the two forms.
"""

import argparse
import base64
import hashlib
import io
import json
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from pylib.data.images import decode_image, resize_image
from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.repository import SERVER, manifest
from pylib.settings import settings
from pylib.store.artifacts import ArtifactStore

CONNECTIONS = 4


def main() -> None:
    """Measure both forms with one and with two workers, in one run."""
    arguments = parse_arguments()
    forms = payloads(arguments.image, arguments.size)
    with tempfile.TemporaryDirectory() as folder:
        deployment, artifacts = release(arguments.model, Path(folder))
        for workers in (1, 2):
            server = local.start(
                deployment, artifacts=artifacts, folder=Path(folder), port=0, workers=workers
            )
            try:
                rates = {
                    name: measure(server.url, name, body, arguments.seconds, workers)
                    for name, body in forms.items()
                }
            finally:
                local.stop(Path(folder))
            jpeg, numbers = rates.values()
            print(
                f"{workers} worker{'s' * (workers > 1)}: JPEG is answered {jpeg / numbers:.1f} times as often"
            )


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", type=Path, nargs="?", help="folder with model.onnx [default: the newest run's]"
    )
    parser.add_argument("--image", type=Path, help="the image to ask about (default: a smooth random one)")
    parser.add_argument("--size", type=int, default=128, help="its side in pixels, after resizing")
    parser.add_argument("--seconds", type=float, default=10, help="duration of each measurement")
    given = parser.parse_args()
    given.model = given.model or newest_model(settings().output)
    return given


def newest_model(output: Path) -> Path:
    """Return the model folder of the newest run."""
    found = sorted((output / "latest").resolve().glob("*/train/model"))
    return found[-1] if found else sys.exit(f"no run in {output}: start ./run_e2e.sh, or name a model folder")


def payloads(path: Path | None, size: int) -> dict[str, bytes]:
    """Return the request bodies by form, both of one image of size by size pixels."""
    if path:
        pixels = resize_image(decode_image(path.read_bytes()), size)
    else:
        coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        pixels = resize_image(coarse, size)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=90)
    numbers = pixels.astype(float).tolist()
    return {
        "JPEG binData": json.dumps({"binData": base64.b64encode(buffer.getvalue()).decode()}).encode(),
        "JSON ndarray": json.dumps({"data": {"ndarray": numbers}}).encode(),
    }


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


def measure(url: str, form: str, body: bytes, seconds: float, workers: int) -> float:
    """Ask over and over on all connections; print and return requests per second."""
    latencies: list[float] = []
    ask(url, body, time.monotonic() + 1, [])  # warm
    started = time.monotonic()
    threads = [
        threading.Thread(target=ask, args=(url, body, started + seconds, latencies))
        for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(latencies) / (time.monotonic() - started)
    middle, high = 1000 * np.percentile(latencies, [50, 99])
    print(
        f"{workers} worker{'s' * (workers > 1)}, {CONNECTIONS} connections, {form} ({len(body):,} bytes): "
        f"{rate:.0f} requests/s, p50 {middle:.0f} ms, p99 {high:.0f} ms"
    )
    return rate


def ask(url: str, body: bytes, end: float, latencies: list[float]) -> None:
    """Send the request until `end`, on one connection's thread, and note each latency in seconds."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Content-Type"] = "application/json"
        while time.monotonic() < end:
            started = time.perf_counter()
            session.post(f"{url}/api/v1.0/predictions", data=body, timeout=60).raise_for_status()
            latencies.append(time.perf_counter() - started)


if __name__ == "__main__":
    main()
