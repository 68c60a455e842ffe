"""How long does a verb take to begin? `pylib --help`, and `pylib explain` of a model of the built-in sample.

    python benchmarks/start.py            # half a minute, most of it to make what is explained
    python benchmarks/start.py --rounds 20
    python benchmarks/start.py --cold     # as root; slows down whatever else runs on the machine

Method: whole commands, in turns, the median of the rounds; before that each once, so that all is in the page
cache. With --cold once more with the page cache dropped before each, by root. CPU time stands beside the
wall time: on a busy machine it is what says something.
What is explained has the sample's data commit, its shards and 290 images; the model's file is a stand-in,
because explaining reads its digest only.
Expected on two cores: explain in less than a second.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pylib.provenance.digests import digest_of
from pylib.provenance.statement import Definition, read_bundle
from pylib.provenance.step import record

PYLIB = Path(sys.executable).with_name("pylib")
DROP = Path("/proc/sys/vm/drop_caches")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--cold", action="store_true", help="drop the page cache, too; needs root")
    options = parser.parse_args()
    rounds = options.rounds
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYLIB_OUTPUT"] = str(Path(folder) / "out")
        model = made(Path(folder))
        verbs = {"--help": [PYLIB, "--help"], "explain": [PYLIB, "explain", model]}
        for command in verbs.values():
            timed(command)
        report("page cache warm", verbs, rounds, lambda: None)
        if options.cold and os.access(DROP, os.W_OK):
            report("page cache dropped", verbs, min(rounds, 3), dropped)
        else:
            print(
                "page cache dropped: not measured"
                + ("; only root can" if options.cold else " without --cold")
            )


def made(folder: Path) -> Path:
    """A model's folder as `train` leaves it, of the sample's real commit and shards."""
    ingested = subprocess.run(
        [PYLIB, "data", "ingest", "sample"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    code = "import sys; from pathlib import Path; from pylib.steps.prepare import prepare; "
    code += "prepare(Path(sys.argv[1]), data=sys.argv[2], image_size=0)"
    shards, model = folder / "shards", folder / "model"
    subprocess.run([sys.executable, "-c", code, shards, ingested.stdout.split()[-1]], check=True)
    model.mkdir()
    (model / "model.onnx").write_bytes(b"a stand-in")
    shutil.copy(shards / "index.json", model / "dataset.json")
    inputs = ({"name": "shards", "digest": digest_of(shards)},)
    trained = Definition("train", {}, inputs, "pylib.steps.train", "segmentation")
    record(trained, {"model": model}, read_bundle(shards), datetime.now(UTC))
    return model


def report(title: str, verbs: dict, rounds: int, before: Callable[[], None]) -> None:
    figures: dict[str, list] = {verb: [] for verb in verbs}
    for _ in range(rounds):
        for verb, command in verbs.items():
            before()
            figures[verb].append(timed(command))
    for verb, seen in figures.items():
        wall, cpu = (statistics.median(values) for values in zip(*seen, strict=True))
        print(f"{title}: pylib {verb:<8} {wall:.2f} s, {cpu:.2f} s of CPU")


def timed(command: list) -> tuple[float, float]:
    """Seconds of wall and of CPU time."""
    spent, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    wall, now = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime


def dropped() -> None:
    subprocess.run(["sync"], check=True)
    DROP.write_text("3\n")


if __name__ == "__main__":
    main()
