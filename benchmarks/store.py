"""How fast is a commit? 10,000 files of 10 kB, beside `cp -r` with `sha256sum`, and beside `dvc add`.

    python benchmarks/store.py            # about 4 minutes, most of them to install DVC
    python benchmarks/store.py --no-dvc   # half a minute
    ARTIFACT_TEST_URL=s3://bucket python benchmarks/store.py --no-dvc   # a commit to that bucket too
    PACHD_ADDRESS=… python benchmarks/store.py --no-dvc --files 2000   # and Pachyderm beside it

Method: the same files on the same filesystem, read once before, so that all find them in the page cache; each
method writes to a fresh place in every round, the rounds take turns, and the median counts. Before each
measurement the disk is idle (sync). Nothing is deleted before the end, as ext4 slows down after deletions.
What is timed is whole commands, start included; the commit also as a call of the library. A commit ends when
it would survive a power cut; the others leave their data in the page cache, and pay for no flush.
Where PACHD_ADDRESS names a pachd, what one does with a store is timed in both, in turns, each in a
repository of its own and by a store that remembers nothing; beside it `pachctl put file -r` of the same
files, if pachctl is there. A commit in Pachyderm ends when it can be read; pachctl returns before that.
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
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pylib.store.local import LocalStore
from pylib.store.opening import open_store
from pylib.store.protocol import Store

DVC = "dvc==3.67.1"
IMAGES = 290
"""How many digests `explain` asks for at once: the training images of the sample."""


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
    """Return the seconds of one measurement."""
    place.mkdir(parents=True)
    return seconds_of(prepare(source, place))


def operations(url: str, source: Path, place: Path) -> Iterator[tuple[str, float]]:
    """Do with a store what people do, in a new repository; yield what was done and the seconds it took."""
    files = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
    name, first = f"bench-{uuid.uuid4().hex[:12]}", min(files)
    calls: dict[str, Callable[[Store], object]] = {
        "commit": lambda store: store.commit(name, files),
        "ls": lambda store: store.ls(name),
        "read one file": lambda store: store.read(name, first),
        f"digests of {IMAGES}": lambda store: store.digests(name, sorted(files)[:IMAGES]),
        "checkout": lambda store: store.checkout(name, place / "out"),
        "add one file": lambda store: store.commit(name, {"one more": b"1"}, mode="add"),
    }
    for what, call in calls.items():
        store = open_store(url)
        store.create_repository(name)  # connects, too
        yield what, seconds_of(partial(call, store))
    if url == "pachyderm":
        yield from pachctl_put(name, source)


def pachctl_put(name: str, source: Path) -> Iterator[tuple[str, float]]:
    """Let pachctl, if it is there, put the same files to a repository beside this one; then delete both."""
    from pylib.store.pachd import Pachd
    from pylib.store.pachyderm_names import repo

    pachd, beside = Pachd.from_environment(), f"{name}-pachctl"
    if pachctl := shutil.which("pachctl"):
        pachd.pfs.create_repo(repo=repo(beside))
        command = [pachctl, "put", "file", "-r", f"{beside}@master", "-f", source, "--progress=false"]
        yield "pachctl put file -r", seconds_of(partial(subprocess.run, command, check=True))
        pachd.pfs.delete_repo(repo=repo(beside), force=True)
    pachd.pfs.delete_repo(repo=repo(name), force=True)


def seconds_of(call: Callable[[], object]) -> float:
    """Return the seconds of a call, on an idle disk."""
    os.sync()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def report_stores(options: argparse.Namespace, folder: Path) -> None:
    """Time the operations in a local store and in Pachyderm, in turns, and print the medians."""
    seconds: dict[str, dict[str, list[float]]] = {"local": {}, "pachyderm": {}}
    for turn in range(options.rounds):
        for store, taken in seconds.items():
            place = folder / f"operations-{store}-{turn}"
            place.mkdir()
            url = store if store == "pachyderm" else str(place / "store")
            for what, each in operations(url, folder / "source", place):
                taken.setdefault(what, []).append(each)
    local, pachyderm = ({w: statistics.median(t) for w, t in taken.items()} for taken in seconds.values())
    print(f"\n  {'seconds':20} {'local':>8} {'Pachyderm':>10}")
    for what, each in pachyderm.items():
        beside = f"{local[what]:8.3f}" if what in local else f"{'':8}"
        print(f"  {what:20} {beside} {each:10.3f}")
    if "pachctl put file -r" in pachyderm:
        ratio = pachyderm["commit"] / pachyderm["pachctl put file -r"]
        print(f"  a commit in Pachyderm takes {ratio:.2f} times as long as pachctl put file -r")


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
    if os.environ.get("PACHD_ADDRESS"):
        report_stores(options, folder)


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
