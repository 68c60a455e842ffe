"""What a step is made of besides its data: our code, the lock files, the Git commit, the machine's shape."""

import functools
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import pylib
from pylib import processor
from pylib.provenance.digests import dir_hash, sha256_file

ROOT = Path(pylib.__file__).resolve().parents[1]
CODE = ("pylib", "components")
LOCK = "locks/train.txt"


@functools.cache
def code() -> list[dict[str, Any]]:
    """Our own code and the lock file, by digest: a step is taken from the cache only where these agree."""
    found = [_package(name) for name in CODE if (ROOT / name).is_dir()]
    if (ROOT / LOCK).is_file():
        found.append({"name": LOCK, "digest": {"sha256": sha256_file(ROOT / LOCK)}})
    return found


def _package(name: str) -> dict[str, Any]:
    """Every file that a package ships, report templates too; not what Python or an editor left there."""
    paths = (path for path in sorted((ROOT / name).rglob("*")) if path.is_file())
    shipped = (path.relative_to(ROOT) for path in paths)
    files = {
        path.as_posix(): sha256_file(ROOT / path)
        for path in shipped
        if not any(part == "__pycache__" or part.startswith(".") for part in path.parts)
    }
    return {"name": name, "digest": {"dirHash": dir_hash(files)}}


@functools.cache
def source() -> dict[str, Any]:
    """The Git commit of the code and whether the working tree was clean; of the image, inside one."""
    commit = os.environ.get("PYLIB_GIT_COMMIT") or _git("rev-parse", "HEAD")
    if not commit:
        return {"name": "git", "annotations": {"clean": False, "note": "not a Git working tree"}}
    clean = bool(os.environ.get("PYLIB_GIT_COMMIT")) or _git("status", "--porcelain") == ""
    origin = _git("config", "--get", "remote.origin.url")
    resource = {"name": "git", "digest": {"gitCommit": commit}, "annotations": {"clean": clean}}
    return resource | ({"uri": f"git+{origin}"} if origin else {})


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def machine() -> dict[str, Any]:
    """What the result depends on beside its inputs: the interpreter, the instruction set in force."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.machine()}",
        "instructions": processor.instructions(),
    }


def host() -> dict[str, Any]:
    """What it was made on: nothing depends on it but the last digits of an evaluation."""
    return {
        "processor": processor.model_name(),
        "instructions": processor.best_instructions(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "libc": " ".join(platform.libc_ver()).strip(),
    }
