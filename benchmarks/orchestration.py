"""What the orchestration costs: the wall time of a whole local run less the time inside the steps.

    .venv/bin/python benchmarks/orchestration.py [--data SOURCE] [--weights WEIGHTS]

Runs ./run_e2e.sh into an empty folder, reads from each step's provenance record how long its pylib call took,
and counts all else as orchestration: starting processes, KFP, hashing, caching, serving, the command line.
TensorFlow is imported inside two of the calls; that is measured apart and counted as orchestration too.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pylib.provenance.digests import BUNDLE
from pylib.provenance.statement import seconds, step_name

ROOT = Path(__file__).resolve().parents[1]
TENSORFLOW_STEPS = 2  # train and evaluate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", default="sample")
    parser.add_argument("--weights", default="none")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as output:
        options = ["--output", output, "--data", given.data, "--weights", given.weights]
        first = timed([str(ROOT / "run_e2e.sh"), *options])
        steps = inside(Path(output))
        second = timed([str(ROOT / "run_e2e.sh"), *options])
    report(given.data, first, second, steps)


def timed(command: list[str]) -> float:
    """Seconds that a command takes; its output goes to stderr."""
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=sys.stderr, env=os.environ)
    return time.monotonic() - begun


def inside(output: Path) -> dict[str, float]:
    """Seconds inside each step's pylib call, from the records of the newest run."""
    bundle = next((output / "latest").resolve().glob(f"*/release/released/{BUNDLE}"))
    statements = [json.loads(line) for line in bundle.read_text().splitlines()]
    return {step_name(statement): seconds(statement) for statement in statements}


def report(data: str, first: float, second: float, steps: dict[str, float]) -> None:
    tensorflow = timed([sys.executable, "-c", "import tensorflow, keras"]) * TENSORFLOW_STEPS
    outside = first - sum(steps.values())
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    print(f"data: {Path(data).name}")
    for name, took in reversed(steps.items()):
        print(f"  {name:<10} {took:7.1f} s")
    print(f"whole run           {first:7.1f} s")
    print(f"outside the steps   {outside:7.1f} s  {outside / first:6.1%} of the run")
    print(
        f"with 2 TF imports   {outside + tensorflow:7.1f} s  {(outside + tensorflow) / first:6.1%} of the run"
    )
    print(f"second run, cached  {second:7.1f} s")


if __name__ == "__main__":
    main()
