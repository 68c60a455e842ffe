"""Images a second of the input pipeline, beside what decoding alone costs and beside tensors in memory.

    python benchmarks/input_pipeline.py [--images 512] [--size 128] [--batch 16]

Everything runs on the built-in sample, on all cores:
  decode        Pillow reads the same JPEG and PNG files and resizes them: the limit of decoding each epoch
  shards        `ShardReader.epochs` without augmentation
  augmented     `ShardReader.epochs` as training reads it
  memory        tf.data over the same tensors in memory, batched: the limit of any pipeline
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from pylib.data.images import decode_image, decode_mask, resize_image, resize_mask
from pylib.tasks.segmentation.sample import make_sample

EPOCHS = 8


def main() -> None:
    """Make the files, then time each way of reading them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, shards = Path(folder) / "source", Path(folder) / "shards"
        make_sample(source, count=options.images, size=2 * options.size)
        write_train_shards(source, shards, options.size)
        print(
            f"{options.images} images of {options.size} pixels, batch {options.batch}, {os.cpu_count()} cores"
        )
        report("decode (Pillow)", options.images, lambda: decode_all(source, options.size))
        for name, batches in readers(shards, options.batch).items():
            report(name, options.images * EPOCHS, lambda batches=batches: drain(batches))


def write_train_shards(source: Path, shards: Path, size: int) -> None:
    """Put all pairs into the train split, through the steps that `prepare` takes."""
    pairs = [decode_pair(path, source, size) for path in sorted((source / "images").iterdir())]
    (shards / "train").mkdir(parents=True)
    np.save(shards / "train" / "images-00000.npy", np.stack([image for image, _ in pairs]))
    np.save(shards / "train" / "masks-00000.npy", np.stack([mask for _, mask in pairs]) - np.uint8(1))
    files = {"images": "train/images-00000.npy", "masks": "train/masks-00000.npy", "count": len(pairs)}
    index = {
        "name": "benchmark",
        "image_size": size,
        "classes": ["object", "background", "border"],
        "splits": {"train": {"items": [], "shards": [files]}},
    }
    (shards / "index.json").write_text(json.dumps(index))


def decode_pair(path: Path, source: Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Read, decode and resize one image and its mask."""
    mask = decode_mask((source / "masks" / f"{path.stem}.png").read_bytes())
    return resize_image(decode_image(path.read_bytes()), size), resize_mask(mask, (size, size))


def decode_all(source: Path, size: int) -> None:
    """Decode every pair, on all cores; Pillow releases the GIL while it decodes."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda path: decode_pair(path, source, size), (source / "images").iterdir()):
            pass


def readers(shards: Path, batch: int) -> dict[str, Iterable[object]]:
    """Build the datasets, each of EPOCHS epochs."""
    import tensorflow as tf

    from pylib.data.input_pipeline import ShardReader
    from pylib.data.shards import ShardIndex, load_split
    from pylib.tasks import task

    reader = ShardReader(shards, "train")
    augment = partial(task.find(ShardIndex.read(shards).task).objective.augment, strength=1.0)
    tensors = tf.data.Dataset.from_tensor_slices(load_split(shards, "train")).repeat(EPOCHS)
    return {
        "shards": reader.epochs(batch, seed=0, first=0, last=EPOCHS),
        "shards, augmented": reader.epochs(batch, seed=0, first=0, last=EPOCHS, augment=augment),
        "memory": tensors.batch(batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE),
    }


def drain(batches: Iterable[object]) -> None:
    """Take every batch."""
    for _ in batches:
        pass


def report(name: str, images: int, read: Callable[[], None]) -> None:
    """Print the rate of the better of two passes: the first one also builds the graph."""
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        read()
        seconds.append(time.perf_counter() - start)
    print(f"{name:20} {images / min(seconds):10,.0f} images/s")


if __name__ == "__main__":
    main()
