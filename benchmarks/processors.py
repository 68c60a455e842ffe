"""Whether other processors compute the same bits: training, features and heads, here and under emulation.

    apt-get install qemu-user; python benchmarks/processors.py [--cpu Haswell] [--cpu EPYC-Milan] [--steps 3]

Prints digests line by line: the weights of the default U-Net after each step, the features that frozen
backbones give, each head fitted on features; then the same from QEMU's processors, and what differs. QEMU's
`rsqrtps` and `rcpps` are neither Intel's nor AMD's, so what agrees does not hang on them. Minutes each.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BACKBONES = ("mobilenet_v2", "efficientnet_v2_b0", "convnext_tiny")
SIDE = 64  # pixels


def main() -> int:
    """Compute here, then on each emulated processor; 1 where a digest differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cpu", action="append", help="QEMU's name of a processor with AVX2")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--compute", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compute:
        compute(options.steps)
        return 0
    emulator = shutil.which("qemu-x86_64")
    if emulator is None:
        sys.exit("error: no qemu-x86_64 on PATH; on Debian: apt-get install qemu-user")
    expected = digests([], options.steps)
    print(f"here: {len(expected)} digests", *expected, sep="\n  ", flush=True)
    differing = 0
    for cpu in options.cpu or ["Haswell", "EPYC-Milan"]:
        found = digests([emulator, "-cpu", cpu], options.steps)
        others = [line for line in found if line not in expected]
        print(f"{cpu}: {len(found)} digests, {len(others)} differ", *others, sep="\n  ", flush=True)
        differing += len(others) + abs(len(found) - len(expected))
    return 1 if differing else 0


def digests(emulation: list[str], steps: int) -> list[str]:
    """What `compute` prints in a process of its own."""
    # The interpreter's own file: an emulator takes no link to another program, nor a shell script.
    command = [*emulation, os.path.realpath(sys.executable), __file__, "--compute", "--steps", str(steps)]
    paths = os.pathsep.join([str(ROOT), *(each for each in sys.path if each.endswith("site-packages"))])
    environment = {**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "2"}
    said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return said.splitlines()


def compute(steps: int) -> None:
    """Print a line for each thing that is computed."""
    import pylib  # noqa: F401  # first: NumPy reads the cap once
    from pylib.training.determinism import make_deterministic, pin_threads

    pin_threads(4)
    make_deterministic(0, deterministic=True)
    train(steps)
    for name in BACKBONES:
        features(name)
    heads()


def train(steps: int) -> None:
    """The default U-Net on noise."""
    import keras
    import numpy as np

    from pylib.models.storage import weights_sha256
    from pylib.models.unet import build_unet, logits_of
    from pylib.models.unet_spec import UNetSpec
    from pylib.tasks.segmentation import objective
    from pylib.tasks.segmentation.network import Config
    from pylib.training.train_step import TrainStep
    from pylib.training.workers import choose_strategy

    config = Config().model_dump(include={"encoder", "alpha", "frozen", "filters", "dropout"})
    model = build_unet(UNetSpec(**config, task="segmentation", image_size=SIDE, classes=("a", "b", "c")))
    logits, optimizer = logits_of(model), keras.optimizers.AdamW(0.004)
    optimizer.build(logits.trainable_variables)
    step = TrainStep(logits, objective, optimizer, choose_strategy())
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (8, SIDE, SIDE, 3)).astype(np.uint8)
    masks = random.integers(0, 3, (8, SIDE, SIDE)).astype(np.uint8)
    for number in range(steps):
        loss = float(step.train(images, masks, 0.004))
        say(f"U-Net, step {number + 1}, loss {loss.hex()}", weights_sha256(model))


def features(name: str) -> None:
    """What a frozen backbone of random weights gives of noise."""
    import numpy as np
    import tensorflow as tf

    from pylib.models.backbones import build_backbone

    network = build_backbone(name, image_size=SIDE, alpha=0.35 if name == "mobilenet_v2" else 1.0)
    images = np.random.default_rng(1).uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)
    say(f"features of {name}", digest(tf.function(network)(images, training=False)))


def heads() -> None:
    """Each head, fitted on features of three classes."""
    from pylib.heads.fit import fit_head
    from pylib.heads.table import HEADS
    from tests.heads.made import write_features

    with tempfile.TemporaryDirectory() as folder:
        made = write_features(Path(folder) / "features")
        for name in HEADS:
            (place := Path(folder) / name).mkdir()
            say(f"head {name}", fit_head(made, name, place).sha256)


def digest(array: Any) -> str:
    """SHA-256, hex, of an array's bytes."""
    import numpy as np

    return hashlib.sha256(np.asarray(array).tobytes()).hexdigest()


def say(what: str, sha256: str) -> None:
    """Print one line."""
    print(f"{what}: {sha256[:16]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
