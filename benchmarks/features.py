"""Features of images with the store beside the bare forward pass, and a second fill with 5 % new images.

    python benchmarks/features.py [--images 2400] [--size 224] [--backbone mobilenet_v2] [--weights FILE]

On the built-in sample, all in one process, interleaved, the best of --rounds:
  bare     the same network, built and traced, on the same images in the same batches; nothing is kept
  first    `extract` with an empty store: keys, look-up, the same network, store and folder
  second   `extract` of the same images and 5 % new ones, with that store
Each is given as a whole and without building the network, which costs the same however many images there are.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from pylib.data.images import decode_image, resize_image
from pylib.data.shards import ArraySpec, Shard, ShardIndex, ShardItem, Split
from pylib.tasks.classification.features import Config
from pylib.tasks.classification.sample import make_sample

NEW = 0.05


def main() -> None:
    """Make the shards, then time each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=2400)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--backbone", default="mobilenet_v2")
    parser.add_argument("--alpha", type=float, default=0.35)
    parser.add_argument("--weights", type=Path, help="without it they are random: as fast")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    config = Config(backbone=options.backbone, alpha=options.alpha)
    with tempfile.TemporaryDirectory() as folder:
        images = pictures(Path(folder) / "source", round(options.images * (1 + NEW)), options.size)
        write_shards(Path(folder) / "first", images[: options.images])
        write_shards(Path(folder) / "second", images)
        print(
            f"{options.images} images of {options.size} pixels, then {len(images)}; {config.backbone} "
            f"{config.alpha:g}; {os.cpu_count()} cores"
        )
        rounds = [timed(Path(folder), config, options, number) for number in range(options.rounds)]
    show(rounds, options.images)


def pictures(source: Path, count: int, size: int) -> np.ndarray:
    """Images of the sample, decoded, uint8 [N,S,S,3]."""
    make_sample(source, count=count, size=size)
    with ThreadPoolExecutor() as pool:
        read = pool.map(
            lambda path: resize_image(decode_image(path.read_bytes()), size), sorted(source.rglob("*.jpg"))
        )
        return np.stack(list(read))


def write_shards(folder: Path, images: np.ndarray) -> None:
    """Put all of them into the train split."""
    (folder / "train").mkdir(parents=True)
    np.save(folder / "train/inputs.npy", images)
    np.save(folder / "train/targets.npy", np.zeros(len(images), np.int64))
    items = [
        ShardItem(id=str(number), image_sha256="0" * 64, target_sha256="0" * 64)
        for number in range(len(images))
    ]
    shard = Shard(inputs="train/inputs.npy", targets="train/targets.npy", count=len(images))
    splits = {name: Split(items=[], shards=[]) for name in ("validation", "test", "calibration")}
    index = ShardIndex(
        task="classification",
        name="benchmark",
        classes=["one", "other"],
        inputs=ArraySpec(dtype="uint8", shape=images.shape[1:]),
        targets=ArraySpec(dtype="int64", shape=()),
        splits={"train": Split(items=items, shards=[shard]), **splits},
    )
    (folder / "index.json").write_bytes(index.dumps())


def timed(
    folder: Path, config: Config, options: argparse.Namespace, number: int
) -> dict[str, tuple[float, float]]:
    """One round: of each way, seconds as a whole and seconds to build the network."""
    from pylib.features import compute, extract
    from pylib.tasks import task

    network = compute.network
    weights = options.weights or "none"
    building: list[float] = []

    def measured_network(*arguments: object) -> compute.Compute:
        started = time.perf_counter()
        built = network(*arguments)
        building.append(time.perf_counter() - started)
        return built

    def bare() -> None:
        started = time.perf_counter()
        model = task.find("classification").features.build(config, options.size, options.weights)
        images = np.load(folder / "first/train/inputs.npy", mmap_mode="r")
        forward = compute.traced(model, (compute.BATCH, *images.shape[1:]))
        forward(images[: compute.BATCH])
        building.append(time.perf_counter() - started)
        for start in range(0, len(images), compute.BATCH):
            forward(images[start : start + compute.BATCH])

    def fill(shards: str) -> Callable[[], None]:
        target, store = folder / f"{shards}-{number}", str(folder / f"store-{number}")
        return lambda: print_computed(
            extract.extract(folder / shards, target, config, weights, artifacts=store)[1]
        )

    def print_computed(computed: int) -> None:
        print(f"  {computed} computed")

    extract.network = measured_network  # type: ignore[attr-defined]
    found = {}
    for name, way in {"bare": bare, "first": fill("first"), "second": fill("second")}.items():
        started = time.perf_counter()
        way()
        found[name] = (time.perf_counter() - started, building.pop())
    extract.network = network  # type: ignore[attr-defined]
    return found


def show(rounds: list[dict[str, tuple[float, float]]], images: int) -> None:
    """Print the best of each, and what they are beside each other."""
    whole = {name: min(each[name][0] for each in rounds) for name in rounds[0]}
    alone = {name: min(each[name][0] - each[name][1] for each in rounds) for name in rounds[0]}
    for name, seconds in whole.items():
        print(f"{name:8} {seconds:7.2f} s, without building {alone[name]:7.2f} s")
    rates = {name: images / alone[name] for name in ("bare", "first")}
    print(
        json.dumps(
            {
                "bare_images_per_s": round(rates["bare"], 1),
                "first_images_per_s": round(rates["first"], 1),
                "first_beside_bare": round(rates["first"] / rates["bare"], 3),
                "second_beside_first": round(alone["second"] / alone["first"], 3),
                "second_beside_first_whole": round(whole["second"] / whole["first"], 3),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
