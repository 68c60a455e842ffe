"""How fast is a commit? 10,000 files of 10 kB, beside `cp -r` with `sha256sum`, and beside `dvc add`.

    python benchmarks/store.py            # about 4 minutes, most of them to install DVC
    python benchmarks/store.py --no-dvc   # half a minute
    ARTIFACT_TEST_URL=s3://bucket python benchmarks/store.py --no-dvc   # a commit to that bucket too

Method: the same files on the same filesystem, read once before, so that all find them in the page cache; each
method writes to a fresh place in every round, the rounds take turns, and the median counts. Before each
measurement the disk is idle (sync). Nothing is deleted before the end, as ext4 slows down after deletions.
What is timed is whole commands, start included; the commit also as a call of the library. A commit ends when
it would survive a power cut; the others leave their data in the page cache, and pay for no flush.
Expected on two cores: at least 0.5 of the speed of cp + sha256sum, and 5 times that of dvc add.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import venv
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pylib.store.local import LocalStore
from pylib.store.protocol import open_store

DVC = "dvc==3.67.1"


def make_files(folder: Path, count: int, size: int) -> None:
    """Write files of random bytes, 100 a folder."""
    for number in range(count):
        path = folder / f"{number // 100:04d}" / f"{number:06d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))


def library(source: Path, place: Path) -> Callable[[], object]:
    """Commit by a call of the library."""
    files = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
    return lambda: LocalStore(place / "store").commit("bench", files)


def bucket(source: Path, place: Path) -> Callable[[], object]:
    """Commit to the bucket that ARTIFACT_TEST_URL names, in a fresh folder of it."""
    files = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
    url = f"{os.environ['ARTIFACT_TEST_URL']}/{uuid.uuid4().hex}/{place.name}"
    return lambda: open_store(url).commit("bench", files)


def command(source: Path, place: Path) -> Callable[[], object]:
    """Commit by the command line."""
    pylib = Path(sys.executable).with_name("pylib")
    arguments = [pylib, "data", "commit", "bench", source, "--store", place / "store"]
    return lambda: subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)


def copy_and_sum(source: Path, place: Path) -> Callable[[], object]:
    """Copy the files and hash them, as two commands."""
    script = 'cp -r "$0" "$1/copy" && find "$0" -type f -print0 | xargs -0 sha256sum > "$1/sums"'
    return lambda: subprocess.run(["sh", "-c", script, source, place], check=True)


def dvc_add(dvc: Path) -> Callable[[Path, Path], Callable[[], object]]:
    """Return the method of adding the files to a fresh DVC project, which has its own copy of them."""

    def prepare(source: Path, place: Path) -> Callable[[], object]:
        environment = os.environ | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(place / "site")}
        shutil.copytree(source, place / "project" / "data")
        run = partial(subprocess.run, check=True, cwd=place / "project", env=environment)
        run([dvc, "init", "--no-scm", "--quiet"])
        return lambda: run([dvc, "add", "--quiet", "data"])

    return prepare


def install_dvc(folder: Path) -> Path:
    """Install DVC in an environment of its own."""
    print(f"installing {DVC} …", flush=True)
    venv.create(folder, with_pip=True)
    subprocess.run(
        [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", DVC], check=True
    )
    return folder / "bin" / "dvc"


def measure(prepare: Callable[[Path, Path], Callable[[], object]], source: Path, place: Path) -> float:
    """Return the seconds of one measurement, on an idle disk."""
    place.mkdir(parents=True)
    run = prepare(source, place)
    os.sync()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Measure, and print seconds, MB/s and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=10_000, help="bytes of each file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work; default: the system's temporary folder")
    parser.add_argument("--dvc", type=Path, help="a dvc that is installed already")
    parser.add_argument("--no-dvc", action="store_true", help="leave DVC out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="store-benchmark-") as name:
        report(options, Path(name))


def report(options: argparse.Namespace, folder: Path) -> None:
    """Run all methods in turns, and print what they took."""
    methods = {"commit (library)": library, "commit (command)": command, "cp -r + sha256sum": copy_and_sum}
    if not options.no_dvc:
        methods["dvc add"] = dvc_add(options.dvc or install_dvc(folder / "venv"))
    if os.environ.get("ARTIFACT_TEST_URL", "").startswith("s3://"):
        methods["bucket commit"] = bucket
    make_files(folder / "source", options.files, options.size)
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for turn in range(options.rounds):
        for name, prepare in methods.items():
            place = folder / f"{turn}-{name.split()[0]}-{len(seconds[name])}-{abs(hash(name))}"
            seconds[name].append(measure(prepare, folder / "source", place))
            print(f"round {turn + 1}: {name}: {seconds[name][-1]:.2f} s", flush=True)
    print_table({name: statistics.median(taken) for name, taken in seconds.items()}, options)


def print_table(median: dict[str, float], options: argparse.Namespace) -> None:
    """Print the medians as MB/s, and the commit's speed beside the others'."""
    megabytes = options.files * options.size / 1e6
    print(
        f"\n{options.files} files of {options.size} bytes, median of {options.rounds}, {os.cpu_count()} cores"
    )
    for name, taken in median.items():
        print(f"  {name:20} {taken:7.2f} s {megabytes / taken:8.1f} MB/s")
    for name in ("cp -r + sha256sum", "dvc add"):
        if name in median:
            library_ratio, command_ratio = (
                median[name] / median[f"commit ({how})"] for how in ("library", "command")
            )
            print(
                f"  commit is {library_ratio:.2f} times as fast as {name} (as a command: {command_ratio:.2f})"
            )


if __name__ == "__main__":
    main()
