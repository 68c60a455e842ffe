"""What bit-for-bit repeatable training costs: steps a second with and without it, in the same process.

    python benchmarks/determinism.py [--size 128] [--batch 16] [--steps 20]

The default U-Net, fine-tuned, on noise, with the augmenting input pipeline left out. TensorFlow cannot turn
deterministic kernels off again, so rounds without them run first, in their own process, between rounds with.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

ROUNDS = 3


def main() -> None:
    """Time both kinds in alternating processes; print the medians and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--measure", choices=["on", "off"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.size, options.batch, options.steps, options.measure == "on")))
        return
    rates: dict[str, list[float]] = {"on": [], "off": []}
    for _ in range(ROUNDS):
        for kind, found in rates.items():
            found.append(in_own_process(kind, sys.argv[1:]))
    on, off = statistics.median(rates["on"]), statistics.median(rates["off"])
    print(f"deterministic      {on:6.2f} steps/s")
    print(f"not deterministic  {off:6.2f} steps/s")
    print(f"cost               {off / on:6.2f} x")


def in_own_process(kind: str, arguments: list[str]) -> float:
    """Run this file with --measure and read its answer."""
    command = [sys.executable, __file__, *arguments, "--measure", kind]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def measure(size: int, batch: int, steps: int, deterministic: bool) -> float:
    """Return steps a second after a warm-up."""
    import numpy as np

    from pylib.models.spec import WeightsOrigin
    from pylib.models.unet import build_unet, logits_of
    from pylib.models.unet_spec import UNetSpec
    from pylib.tasks import task
    from pylib.training.config import training_config
    from pylib.training.determinism import make_deterministic, pin_threads
    from pylib.training.precision import build_optimizer
    from pylib.training.train_step import TrainStep, choose_strategy

    pin_threads(0)
    make_deterministic(0, deterministic=deterministic)
    segmentation = task.find("segmentation")
    config = training_config(segmentation.name)
    origin = WeightsOrigin(origin="file")  # fine-tuning, whatever the values
    spec = UNetSpec(image_size=size, classes=("a", "b", "c"), weights=origin)
    model = build_unet(spec)
    optimizer = build_optimizer("float32", model.trainable_variables, config.weight_decay, {})
    step = TrainStep(logits_of(model), segmentation.objective, optimizer, choose_strategy()).train
    images = np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
    masks = np.random.default_rng(1).integers(0, 3, (batch, size, size), dtype=np.uint8)
    rate = np.float32(1e-3)
    for _ in range(3):
        step(images, masks, rate).numpy()
    start = time.perf_counter()
    for _ in range(steps):
        step(images, masks, rate).numpy()
    return steps / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
