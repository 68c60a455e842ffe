"""What adversarial training gains on attacked images, and what it costs on clean ones and in time.

    python benchmarks/adversarial.py [--shards FOLDER] [--eps 4] [--epochs 12]

Trains twice, without and with `adversarial_eps`, all else equal; prints the score on the test split as it is
and under FGSM and PGD, and the seconds that each training took. Without shards: the built-in sample.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent


def main() -> None:
    """Train both in processes of their own, judge both, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shards", type=Path)
    parser.add_argument("--eps", type=float, default=4.0)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options.shards, options.measure, options.eps, options.epochs)))
        return
    with tempfile.TemporaryDirectory() as folder:
        shards = (options.shards or sample(Path(folder))).resolve()
        places = {eps: Path(folder) / str(eps) for eps in (0.0, options.eps)}
        report({eps: in_own_process(shards, at, eps, options.epochs) for eps, at in places.items()})


def report(found: dict[float, dict[str, float]]) -> None:
    """A line for each figure."""
    plain, against = found.values()
    print(f"{'':24}{'plain':>10}{'eps ' + format(list(found)[1], 'g'):>10}")
    for name, value in plain.items():
        print(f"{name:24}{value:10.3f}{against[name]:10.3f}")


def in_own_process(shards: Path, place: Path, eps: float, epochs: int) -> dict[str, float]:
    """Run this file with --measure and read its answer."""
    command = [sys.executable, __file__, "--shards", shards, "--eps", str(eps), "--epochs", str(epochs)]
    done = subprocess.run([*command, "--measure", place], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def sample(folder: Path) -> Path:
    """The built-in sample's shards."""
    own = os.environ | {"PYLIB_OUTPUT": str(folder), "PYLIB_STORE": str(folder / "store")}
    command = [BIN / "pylib", "data", "ingest", "sample"]
    subprocess.run(command, env=own, check=True, stdout=subprocess.DEVNULL)
    from pylib.data.shard_writer import write_shards
    from pylib.store.opening import open_store
    from pylib.store.protocol import CommitRef

    open_store(str(folder / "store")).checkout(CommitRef("sample"), folder / "data")
    write_shards(folder / "data", folder / "shards", image_size=96)
    return folder / "shards"


def measured(shards: Path, place: Path, eps: float, epochs: int) -> dict[str, float]:
    """Train, export, judge."""
    from pylib.evaluation.evaluate import evaluate
    from pylib.evaluation.gate import Gate
    from pylib.serving.export import export_onnx
    from pylib.training.config import training_config
    from pylib.training.run import train

    config = training_config("segmentation", epochs=epochs, adversarial_eps=eps)
    trained = train(shards, place / "model", config, scratch=place / "scratch")
    spec = trained.spec
    names, side = spec.classes, trained.model.input_shape[1]
    export_onnx(trained.model, place / "model" / "model.onnx", task=spec.task, classes=names, image_size=side)
    gate = Gate.model_validate({"robustness.fgsm.1": {"minimum": 0}})
    found = evaluate(shards, place / "model", place / "evaluation", gate)
    attacked = found.robustness.changed if found.robustness else []
    scores = {f"{one.kind} {one.strength}": one.score or 0.0 for one in attacked if one.by == "attack"}
    return {"clean": found.metrics[found.score], **scores, "seconds of training": trained.seconds}


if __name__ == "__main__":
    main()
