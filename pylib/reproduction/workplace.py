"""Where recorded steps are run again: the code of the recorded commit, and the environment of its lock."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pylib.errors import ReproductionError
from pylib.provenance import packages
from pylib.provenance.digests import sha256_file
from pylib.provenance.materials import CODE, LOCK, ROOT
from pylib.release.git import Git
from pylib.reproduction import code
from pylib.reproduction.recorded import RecordedStep
from pylib.termination import running, undisturbed

_OF_THE_RUN = ("MLFLOW_", "ONEDNN_", "PYLIB_", "TENSORFLOW_", "TF_")
"""Settings of whoever asks, or of this version of pylib, which no step made again must follow."""


@dataclass(frozen=True)
class Workplace:
    """The root of the code to run, and the Python whose packages it runs with."""

    root: Path
    python: Path

    def environment(self, *, store: str, output: Path) -> dict[str, str]:
        """The variables of a step's process."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_RUN)}
        own = {"PYTHONPATH": str(self.root), "PYLIB_STORE": store, "PYLIB_OUTPUT": str(output)}
        return kept | own


@contextmanager
def workplace(steps: list[RecordedStep], folder: Path) -> Iterator[Workplace]:
    """The workplace of recorded steps, removed at the end; `folder` must not exist yet.

    Raises ReproductionError where the commit or its lock is not at hand.
    """
    if not (ROOT / ".git").exists():
        yield _in_place(steps)
        return
    git, commit = Git(ROOT), _commit(steps)
    _have(git, commit)
    git.run("worktree", "prune")  # of a run that was killed
    try:
        git.run("worktree", "add", "--quiet", "--detach", str(folder), commit)
        code.check(steps, folder, commit)
        yield Workplace(folder, _python(folder))
    finally:
        with undisturbed():
            _remove(git, folder)


def _remove(git: Git, folder: Path) -> None:
    """Remove a worktree, one too that Git was stopped in making, which it keeps locked."""
    git.answers("worktree", "unlock", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    git.run("worktree", "prune")


def _in_place(steps: list[RecordedStep]) -> Workplace:
    """An image holds one version of the code and no history: good for what was made by the same."""
    for step in steps:
        other = code.first_other(step, ROOT)
        if other or not code.listed(step):
            raise ReproductionError(
                f"{ROOT}: no Git history here, and step {step.name} was made with another "
                f"{other or CODE}; run it in a clone that has commit "
                f"{step.commit[:12] or '(none is recorded)'}"
            )
    return Workplace(ROOT, Path(sys.executable))


def _commit(steps: list[RecordedStep]) -> str:
    """The commit of the last step: what it took from the cache was made by the same code, by digest."""
    commit = next((step.commit for step in reversed(steps) if step.commit), "")
    if not commit:
        raise ReproductionError("the record names no Git commit: the code that made this model is not known")
    return commit


def _have(git: Git, commit: str) -> None:
    if not git.answers("cat-file", "-e", f"{commit}^{{commit}}"):
        raise ReproductionError(
            f"{git.folder}: Git commit {commit[:12]}, whose code made this model, is not here; "
            "`git fetch` it, or run this in the clone that has it"
        )


def _python(root: Path) -> Path:
    """The Python at work where it has exactly what the commit's lock pins, else one made from that lock."""
    lock = root / LOCK
    if not lock.is_file():
        raise ReproductionError(f"{lock}: the commit has no such lock, so its environment is not known")
    return Path(sys.executable) if _is_current(lock) else _made(root)


def _is_current(lock: Path) -> bool:
    same = (ROOT / LOCK).is_file() and sha256_file(ROOT / LOCK) == sha256_file(lock)
    pins = {line.split()[0] for line in lock.read_text(encoding="utf-8").splitlines() if _is_pin(line)}
    found = packages.installed(lock)["annotations"]
    return same and {f"{name}=={version}" for name, version in found.items()} <= pins


def _is_pin(line: str) -> bool:
    return "==" in line and not line.startswith((" ", "#"))


def _made(root: Path) -> Path:
    script = root / "environments.sh"
    if not script.is_file():
        raise ReproductionError(f"{root}: the commit has no environments.sh: make its environment by hand")
    with running([script, "train"], {**os.environ, "PYTHON": _base_python()}) as process:
        said = [line.strip() for line in process.stdout or () if line.strip()]
    if process.returncode:
        reason = (said or ["it said nothing"])[-1]
        raise ReproductionError(f"{LOCK} of the commit cannot be installed: {reason}")
    return root / ".venv" / "bin" / "python"


def _base_python() -> str:
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return str(base) if base.exists() else shutil.which("python3") or sys.executable
