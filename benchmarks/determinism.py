"""What bit-for-bit repeatable training costs, and what the cap on the instruction set costs of that.

    python benchmarks/determinism.py [--size 128] [--batch 16] [--steps 20] [--rounds 3]

The default U-Net, fine-tuned, on noise, with the augmenting input pipeline left out: steps a second not
deterministic, deterministic, and deterministic without the cap, which no run of ours is. TensorFlow cannot go
back from either, so each measurement has a process of its own; rounds of all three take turns, since a
machine that does other work changes from one minute to the next.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

NOT, CAPPED, UNCAPPED = "not deterministic", "deterministic", "deterministic, no cap"
KINDS = (NOT, CAPPED, UNCAPPED)


def main() -> None:
    """Time the three in alternating processes; print medians, the cost of both, and the price of the cap."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.size, options.batch, options.steps, options.measure)))
        return
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(options.rounds):
        for kind, found in rates.items():
            found.append(in_own_process(kind, sys.argv[1:]))
    report(rates)


def report(rates: dict[str, list[float]]) -> None:
    """Print the medians of steps a second, and their ratios."""
    from pylib import INSTRUCTIONS, processor

    best = processor.best_instructions()
    print(f"processor: {processor.model_name()}, {os.cpu_count()} cores, {best}; cap: {INSTRUCTIONS}")
    medians = {kind: statistics.median(found) for kind, found in rates.items()}
    for kind, found in rates.items():
        print(f"{kind:22} {medians[kind]:6.2f} steps/s ({', '.join(f'{rate:.2f}' for rate in found)})")
    print(f"cost of determinism    {medians[NOT] / medians[CAPPED]:6.2f} x")
    if best == processor.instructions():
        print(f"cost of the cap        none: this processor has nothing beyond {INSTRUCTIONS}")
    else:
        print(f"cost of the cap        {medians[UNCAPPED] / medians[CAPPED]:6.2f} x of {best}")


def in_own_process(kind: str, arguments: list[str]) -> float:
    """Run this file with --measure and read its answer."""
    command = [sys.executable, __file__, *arguments, "--measure", kind]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def measure(size: int, batch: int, steps: int, kind: str) -> float:
    """Return steps a second after a warm-up."""
    import numpy as np

    from pylib.models.spec import WeightsOrigin
    from pylib.models.unet import build_unet, logits_of
    from pylib.models.unet_spec import UNetSpec
    from pylib.tasks import task
    from pylib.training.config import training_config
    from pylib.training.determinism import hold_instructions, make_deterministic, pin_threads
    from pylib.training.precision import build_optimizer
    from pylib.training.train_step import TrainStep
    from pylib.training.workers import choose_strategy

    segmentation = task.find("segmentation")
    config = training_config(segmentation.name)
    hold_instructions(deterministic=kind == CAPPED)
    pin_threads(config.threads)
    make_deterministic(0, deterministic=kind != NOT)
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
