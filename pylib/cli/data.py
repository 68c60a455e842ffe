"""Verbs `data commit|log|ls|get|diff|fsck|gc|forget`: the versioned store from the command line."""

import json
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from glob import escape as escape_glob
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.filesize import decimal

from pylib.cli.commits import lines
from pylib.cli.example import example
from pylib.cli.forget import forget
from pylib.cli.ingest import ingest
from pylib.errors import StoreError
from pylib.settings import settings
from pylib.store.opening import open_store
from pylib.store.protocol import Commit, CommitRef, Mode, Store

data_app = typer.Typer(
    help="Versioned data: commit, log, ls, get, diff, fsck, gc, forget.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store", help="a folder, s3://bucket/prefix, pachyderm or pachd://host:port; default: PYLIB_STORE"
    ),
]
Revision = Annotated[str, typer.Argument(help="REPOSITORY, REPOSITORY@BRANCH or REPOSITORY@COMMIT")]


@data_app.command()
def commit(
    repository: Annotated[str, typer.Argument(help="the repository; created where it is absent")],
    folder: Annotated[Path, typer.Argument(help="the folder whose files are committed, or one file")],
    branch: Annotated[str, typer.Option(help="the branch that moves; created where it is absent")] = "master",
    add: Annotated[bool, typer.Option("--add", help="keep the head's files, put these over them")] = False,
    message: Annotated[str, typer.Option("--message", "-m", help="a description")] = "",
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Commit a folder, or a file: the branch then holds exactly that (with --add: the former files too)."""
    mode: Mode = "add" if add else "replace"
    files = _folder_files(folder)
    made = _open(store).commit(repository, files, branch=branch, mode=mode, description=message)
    if as_json:
        _print_json(_facts(made))
    else:
        _print_lines([f"{made.ref}  {made.files} files, {decimal(made.size)}"])


@data_app.command()
def log(
    revision: Annotated[str, typer.Argument(help="REPOSITORY or REPOSITORY@BRANCH")],
    limit: Annotated[int, typer.Option(min=1, help="how many commits")] = 20,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show a branch's commits, newest first: a line each; with --json all that is kept of them."""
    ref = CommitRef.parse(revision)
    commits = _open(store).log(ref.repository, ref.revision, limit)
    if as_json:
        return _print_json([_facts(each) for each in commits])
    return _print_lines(lines(commits))


@data_app.command()
def ls(
    revision: Annotated[str | None, typer.Argument(help="as for get; without it: the repositories")] = None,
    pattern: Annotated[str, typer.Argument(metavar="GLOB", help="** crosses folders, * does not")] = "**",
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the files of a commit (SHA-256, size in bytes, path), or the repositories."""
    opened = _open(store)
    if revision is None:
        names = opened.list_repositories()
        return _print_json(names) if as_json else _print_lines(names)
    files = opened.glob(revision, pattern)
    if as_json:
        return _print_json([asdict(file) for file in files])
    return _print_lines(f"{file.sha256}  {file.size:>11}  {file.path}" for file in files)


@data_app.command()
def get(
    source: Annotated[
        str, typer.Argument(help="REPOSITORY@REVISION, or with :PATH one file or folder of it")
    ],
    target: Annotated[
        Path, typer.Argument(help="a new or empty folder; for one file: the file or its folder")
    ],
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write a commit's files to a folder, or one file."""
    revision, _, path = source.partition(":")
    opened, path = _open(store), path.strip("/")
    commit = opened.inspect(revision)
    files = opened.ls(commit, path)
    if not files and path:
        raise StoreError(f"no {path} in {revision}: `pylib data ls {revision}` lists what there is")
    if [file.path for file in files] == [path]:
        target = _write_file(
            opened.read(commit, path), target / Path(path).name if target.is_dir() else target
        )
    else:
        opened.checkout(commit, target, f"{escape_glob(path)}/**" if path else "**")
    if as_json:
        _print_json({"commit": str(commit.ref), "target": str(target), "files": len(files)})
    else:
        _print_lines([f"{commit.ref}  {len(files)} files in {target}"])


@data_app.command()
def diff(old: Revision, new: Revision, store: StoreUrl = None, as_json: AsJson = False) -> None:
    """Show what changed from one commit to another: A added, D deleted, M modified."""
    changes = _open(store).diff(old, new)
    if as_json:
        return _print_json([asdict(change) for change in changes])
    return _print_lines(f"{change.kind[0].upper()}  {change.path}" for change in changes)


@data_app.command()
def fsck(
    quick: Annotated[
        bool, typer.Option("--quick", help="look at the sizes of blobs, not their content")
    ] = False,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Check a store: every blob, tree and commit; exit status 1 where something is wrong."""
    from pylib.store.maintenance import fsck as check

    report = check(_open(store), quick=quick)
    if as_json:
        _print_json({"ok": report.ok, **asdict(report)})
    else:
        _print_lines(f"{problem.kind}: {problem.subject}: {problem.detail}" for problem in report.problems)
        _print_lines(f"forgotten: {each.subject}: {each.detail}" for each in report.forgotten)
        total = f"{report.commits} commits, {report.blobs} blobs, {decimal(report.size)}"
        _print_lines(
            [f"{total}: {len(report.problems)} problems; gc would delete {len(report.orphans)} blobs"]
        )
    if not report.ok:
        raise typer.Exit(1)


@data_app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be deleted")] = False,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Delete the blobs that no commit needs, left by commits that were killed or failed.

    In a bucket, only those that have been there for a day; commits that begin meanwhile wait for its end.
    """
    from pylib.store.maintenance import gc as collect

    report = collect(_open(store), dry_run=dry_run)
    if as_json:
        _print_json(asdict(report))
    else:
        verb = "would be deleted" if dry_run else "deleted"
        _print_lines([f"{report.blobs} blobs, {decimal(report.size)} {verb}"])


def _open(url: str | None) -> Store:
    return open_store(url or settings().store)


def _folder_files(folder: Path) -> dict[str, bytes | Path]:
    """Find the files below a folder, by path, or the one file; links and anything else are refused."""
    if stat.S_ISREG(folder.lstat().st_mode if folder.exists() else 0):
        return {folder.name: folder}
    if not folder.is_dir():
        raise StoreError(f"{folder} is no folder and no file: name what is to be committed")
    files: dict[str, bytes | Path] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            files[path.relative_to(folder).as_posix()] = path
        elif not stat.S_ISDIR(mode):
            raise StoreError(f"{path} is a link or a special file: commit a folder of files")
    if not files:
        raise StoreError(f"{folder} holds no files: nothing to commit")
    return files


def _write_file(data: bytes, target: Path) -> Path:
    """Write a new file, whole or not at all."""
    if target.exists():
        raise StoreError(f"{target} exists: name a new file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as partial:
            (Path(partial) / target.name).write_bytes(data)
            return (Path(partial) / target.name).rename(target)
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror}: name a file that can be written") from error


def _facts(commit: Commit) -> dict[str, Any]:
    provenance = [str(ref) for ref in commit.provenance]
    return asdict(commit) | {"created": commit.created.isoformat(), "provenance": provenance}


def _print_json(value: object) -> None:
    """JSON in ASCII: it stays JSON in any locale."""
    print(json.dumps(value, indent=2))  # noqa: T201


def _print_lines(text: Iterable[str]) -> None:
    for line in text:
        print(line)  # noqa: T201


data_app.command("ingest")(ingest)
data_app.command("example")(example)
data_app.command("forget")(forget)
