"""The code and the lock that a record lists, held against the files at hand: a rebuild can run no other."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pylib.errors import ReproductionError
from pylib.provenance import closure
from pylib.provenance.digests import sha256_file
from pylib.provenance.materials import CODE, LOCK
from pylib.reproduction.recorded import RecordedStep


def listed(step: RecordedStep) -> dict[str, str]:
    """SHA-256 by path of the code that a step could use, and of the lock; empty in old records."""
    annotations: Mapping[str, Mapping[str, str]] = step.circumstances.get(CODE, {}).get("annotations") or {}
    lock = step.circumstances.get(LOCK, {}).get("digest", {}).get("sha256")
    code = {p: d for p, d in (annotations.get("files") or {}).items() if not closure.is_left(Path(p))}
    return code | ({LOCK: lock} if lock else {})


def first_other(step: RecordedStep, root: Path) -> str:
    """The first listed file that is missing below `root` or has other content; empty where there is none."""
    return next((path for path, digest in listed(step).items() if not _is(root / path, digest)), "")


def check(steps: Iterable[RecordedStep], root: Path, commit: str) -> None:
    """Raise ReproductionError where a commit, checked out in `root`, has other files than recorded."""
    for step in steps:
        if path := first_other(step, root):
            had = f"another {path}" if (root / path).is_file() else f"a {path} that it does not have"
            raise ReproductionError(
                f"Git commit {commit[:12]}: step {step.name} was made with {had}; {_why(step)}, "
                "so this model cannot be rebuilt: commit the code, and train again"
            )


def _is(path: Path, recorded: str) -> bool:
    """Whether a file is as recorded; former versions took its bytes as they lay there."""
    return path.is_file() and recorded in {closure.digest(path), sha256_file(path)}


def _why(step: RecordedStep) -> str:
    if step.circumstances.get("git", {}).get("annotations", {}).get("clean"):
        return "the record and the commit disagree"
    return "its working tree had changes that no commit has"
