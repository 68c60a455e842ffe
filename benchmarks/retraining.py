"""A retraining after 5 % new images against the first training, step by step; and without the store.

    .venv/bin/python -m benchmarks.retraining --data trashnet.tar --weights mobilenet_v2_0.35_….h5

The first training is `pylib run classification` on a data set without every twentieth of its images. Then
the whole is ingested, and `pylib retrain classification` learns from it: of the features, those of the new
images are computed. A third run learns from that commit where nothing is kept; its heads must have the same
bits.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.transfer import class_folders

EVERY = 20
"""Of so many images one is new in the retraining."""
PYLIB = str(Path(sys.executable).with_name("pylib"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        output, other = Path(folder) / "out", Path(folder) / "other"
        whole, fewer, images = sources(given.data, output, Path(folder))
        learn = ["run", "classification", "--weights", given.weights, "--data"]
        pylib(output, *learn, ingested(output, fewer))
        commit = ingested(output, whole)
        pylib(output, "retrain", "classification", "--weights", given.weights)
        shutil.copytree(output / "store", other / "store")
        pylib(other, *learn, commit)
        (first, again), (alone,) = runs(output), runs(other)
        print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
        print(f"data: {Path(given.data).name}, {images - images // EVERY} images, then {images}")
        show(seconds(first), seconds(again))
        learned, without = heads(again), heads(alone)
    same = bool(learned) and learned == without
    print(f"{len(learned)} heads have {'the same' if same else 'OTHER'} bits without the store")
    raise SystemExit(not same)


def pylib(output: Path, *arguments: str) -> str:
    """Run a command with all that it keeps below that output; return what it says."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYLIB_")}
    environment = {**clean, "PYLIB_OUTPUT": str(output)}
    command = [PYLIB, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def sources(data: str, output: Path, folder: Path) -> tuple[Path, Path, int]:
    """The data set in folders of splits and classes, whole and without some; how many images it has."""
    commit = pylib(
        output, "data", "ingest", data, "--task", "classification", "--repository", "whole"
    ).strip()
    class_folders(commit, output, folder / "images")
    shutil.rmtree(folder / "images/commit")
    files = sorted(path for path in (folder / "images").rglob("*") if path.is_file())
    for number, file in enumerate(files):
        if number % EVERY:
            place = folder / "fewer" / file.relative_to(folder / "images")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.hardlink_to(file)
    return folder / "images", folder / "fewer", len(files)


def ingested(output: Path, source: Path) -> str:
    """The commit of a source in the repository `images`."""
    task = ["--task", "classification", "--repository", "images", "--replace"]
    return pylib(output, "data", "ingest", str(source), *task).strip()


def runs(output: Path) -> list[Path]:
    """The folders of the runs, the oldest first."""
    return sorted((output / "runs").iterdir())


def seconds(run: Path) -> Counter[str]:
    """What each step took, all heads together; and the whole."""
    record = json.loads((run / "run.json").read_bytes())
    found = Counter({"the whole": record["seconds"]})
    for step in record["steps"]:
        found[step["name"].rpartition("/")[2]] += step["seconds"]
    return found


def show(first: Counter[str], again: Counter[str]) -> None:
    print(f"{'':<12}{'first':>9}{'again':>9}{'ratio':>8}")
    for name in [*(each for each in first if each != "the whole"), "the whole"]:
        print(f"{name:<12}{first[name]:>7.1f} s{again[name]:>7.1f} s{again[name] / first[name]:>8.2f}")


def heads(run: Path) -> dict[str, str]:
    """The SHA-256 of what each head learned."""
    records = [json.loads(path.read_bytes()) for path in run.rglob("fit-head/head/head.json")]
    return {record["name"]: record["sha256"] for record in records}


if __name__ == "__main__":
    main()
