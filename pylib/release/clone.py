"""The clone that releases are committed to: made, brought up to date, locked, healed after a crash.

It belongs to the release: the user's own working tree is only ever read, by `git clone` and `git fetch`.
"""

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pylib.errors import ReleaseError
from pylib.release.git import Git
from pylib.release.models import merged, models, read_served, written
from pylib.release.served import Served

_JOURNAL = "pylib-release"
"""A file inside .git that is there while a release works: found at the start, it says that one was killed."""


@contextmanager
def open_clone(source: Path | str, repository: Path, *, own: bool = False) -> Iterator[Git]:
    """Lock the clone of `source` at `repository`, and bring it to source's HEAD with the releases on top.

    It is cloned where it is missing. Other releases wait. If the block raises, or is killed, what it had not
    committed is undone, at the latest by the next call.
    own: whether the source has releases of its own, which must not contradict those that wait here.

    Raises ReleaseError: source is not a repository with a commit, the clone holds changes of a person, or
    (`own`) both have released since they were one.
    """
    place = repository.absolute()
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f".{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        origin = as_remote(source)
        if not place.is_dir() or not any(place.iterdir()):
            _clone(origin, place)
        git = Git(place)
        _check(git)
        with _all_or_nothing(git):
            _update(git, origin, own=own)
            yield git


def as_remote(source: Path | str) -> str:
    """Return a repository as Git takes it from any folder: a path made absolute, or the URL as it is."""
    path = Path(source)
    return str(path.absolute()) if isinstance(source, Path) or path.exists() else source


def _clone(source: str, place: Path) -> None:
    partial = place.parent / f".{place.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)  # of a clone that was killed
    try:
        _download(source, partial)
        git = Git(partial)
        if not git.answers("rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
            raise ReleaseError(f"{source} has no commit yet: `git add` and `git commit` it, then release")
        if not git.answers("symbolic-ref", "--quiet", "HEAD"):
            git.run("checkout", "--quiet", "-B", "main")
        _name_author(git)  # here, where a lock that a killed `git config` leaves goes with the folder
        partial.replace(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check(git: Git) -> None:
    """Raise where the folder is not a clone of ours, or a person is at work in it."""
    if not (git.folder / ".git").exists():
        raise ReleaseError(f"{git.folder} is not a Git repository: name another folder for the releases")
    if _journal(git).exists():
        _undo(git)
    _name_author(git)
    changed = git.run("status", "--porcelain", "--untracked-files=no").splitlines()
    if changed:
        raise ReleaseError(
            f"{git.folder} has uncommitted changes ({changed[0].strip()}): commit or drop them"
        )
    if not git.answers("symbolic-ref", "--quiet", "HEAD"):
        raise ReleaseError(f"{git.folder} is not on a branch: `git switch` to the one that is deployed")


def _name_author(git: Git) -> None:
    """So that `git revert` works there, too."""
    if not git.answers("config", "--get", "user.email"):
        git.run("config", "user.name", "pylib")
        git.run("config", "user.email", "pylib@localhost")


def _download(source: str, folder: Path) -> None:
    try:
        Git(folder.parent).run("clone", "--quiet", "--", source, str(folder))
    except ReleaseError as error:
        if Path(source).is_dir() and "does not exist" in str(error):  # which is what Git says of any folder
            raise ReleaseError(f"{source} is not a Git repository: `git init`, add and commit it") from error
        raise


@contextmanager
def _all_or_nothing(git: Git) -> Iterator[None]:
    journal = _journal(git)
    journal.touch()
    try:
        yield
    except BaseException:
        _undo(git)
        raise
    journal.unlink()


def _undo(git: Git) -> None:
    """Return to the last commit. We hold the lock, so Git's own lock files are of a killed process."""
    for stale in _folder(git).rglob("*.lock"):
        stale.unlink()
    git.run("reset", "--quiet", "--hard", "HEAD")
    _journal(git).unlink(missing_ok=True)


def _update(git: Git, source: str, *, own: bool) -> None:
    """Take over the source's HEAD: forward where nothing was released, else as a merge.

    The merge is source's tree with the released values in its manifests, so there are no conflicts.
    """
    git.run("fetch", "--quiet", "--no-tags", "--update-shallow", "--", source, "HEAD")
    theirs, ours = git.run("rev-parse", "FETCH_HEAD"), git.run("rev-parse", "HEAD")
    if git.answers("merge-base", "--is-ancestor", theirs, ours):
        return
    if git.answers("merge-base", "--is-ancestor", ours, theirs):
        git.run("reset", "--quiet", "--hard", theirs)
        return
    if own:
        _refuse_two_releases(git, ours, theirs)
    texts: dict[Path, str] = {}
    for name in models(git, theirs):
        texts |= written(git, name, merged(git, name, ours, theirs), theirs)
    git.run("read-tree", theirs)
    subject = f"Bring in {theirs[:12]} of the source, keeping what is released"
    commit_files(git, texts, subject + "\n", parents=(ours, theirs))


def _refuse_two_releases(git: Git, ours: str, theirs: str) -> None:
    base = git.run("merge-base", ours, theirs)
    for name in models(git, theirs):
        here, there, before = (read_served(git, name, revision) for revision in (ours, theirs, base))
        if len({here.models, there.models, before.models}) == 3:  # noqa: PLR2004 (each another)
            raise ReleaseError(
                f"{git.folder} has {_short(here)} as {name}, not pushed, and its source has {_short(there)} "
                "by now: `pylib models promote` the one that should be served"
            )


def _short(served: Served) -> str:
    beside = f" with {served.canary}" if served.canary else ""
    return f"{served.values.digest[:12]}{beside}"


def commit_files(
    git: Git, texts: Mapping[Path, str], message: str, parents: tuple[str, ...] = ("HEAD",)
) -> None:
    """Commit what is staged, with these files' texts; the working tree changes last, all at once."""
    for path, text in texts.items():
        blob = git.run("hash-object", "-w", "--stdin", text=text)
        git.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path.as_posix()}")
    options = [option for parent in parents for option in ("-p", git.run("rev-parse", parent))]
    commit = git.run("commit-tree", git.run("write-tree"), *options, "-F", "-", text=message)
    git.run("read-tree", "HEAD")  # so that the next command knows which files go
    git.run("reset", "--quiet", "--hard", commit)


def _folder(git: Git) -> Path:
    return Path(git.run("rev-parse", "--absolute-git-dir"))


def _journal(git: Git) -> Path:
    return _folder(git) / _JOURNAL
