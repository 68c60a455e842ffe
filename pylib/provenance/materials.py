"""What a step is made of besides its data: our code, the lock files, the Git commit, the machine's shape."""

import functools
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import pylib
from pylib import processor
from pylib.provenance import closure, packages
from pylib.provenance.digests import dir_hash, sha256_file
from pylib.tf_config import worker_count

ROOT = Path(pylib.__file__).resolve().parents[1]
CODE = "pylib"
LOCK = "locks/train.txt"
_FORMER = ("components",)  # what records of former versions name besides


def is_material(name: str) -> bool:
    """Whether a resource of a record, by its name, is none of the step's own inputs."""
    return name in {CODE, *_FORMER, LOCK, packages.NAME, "git"}


@functools.cache
def code(module: str = "", task: str | None = None) -> list[dict[str, Any]]:
    """What of pylib a step can use on data of a task, the lock and what is installed of it, by digest.

    A step is taken from the cache only where these agree. The component that calls it is none of them: all
    that it can change are arguments, which are in the key themselves.
    """
    files = closure.files(module, task)
    found = [{"name": CODE, "digest": {"dirHash": dir_hash(files)}, "annotations": {"files": files}}]
    if (ROOT / LOCK).is_file():
        found.append({"name": LOCK, "digest": {"sha256": sha256_file(ROOT / LOCK)}})
        found.append(packages.installed(ROOT / LOCK))
    return found


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
            ["git", "-C", str(ROOT), *arguments],
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def machine() -> dict[str, Any]:
    """What the result depends on beside its inputs: the interpreter, the instruction set in force.

    And how many workers train where there are several: they add up in another order than one process.
    """
    several = {"workers": count} if (count := worker_count()) > 1 else {}
    return several | {
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
