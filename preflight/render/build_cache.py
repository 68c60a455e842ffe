"""What kustomize and Helm built, kept by the content of all that went in: nothing unchanged is built twice.

A kustomization can read files only below its own folder and folders it names, so the folders that it refers
to, each with all its files, are all its inputs. Upstream's folders count by their path, which has the tag.
"""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from preflight.render import bases

FORMAT = "3"
KEPT_SECONDS = 30 * 24 * 3600


def key(inputs: Iterable[Path], stage: Path, command: tuple[str, ...]) -> str:
    """The digest of the inputs, files and folders; `stage` is what paths of ours are relative to.

    command: what builds them: a program, and what else the result depends on
    """
    words = [word.replace(str(stage), "") for word in command]
    digest = hashlib.sha256(f"{FORMAT} {words} {_program(command[0])}".encode())
    for path in sorted(set(inputs)):
        if path.is_relative_to(stage):
            for file in sorted(each for each in (path, *path.rglob("*")) if each.is_file()):
                digest.update(f"{file.relative_to(stage)}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
        else:
            digest.update(f"{path}\0".encode())
    return digest.hexdigest()


def load(name: str) -> Any | None:
    """What was kept under a key, None where nothing, or nothing readable, is."""
    try:
        return json.loads(_file(name).read_bytes())
    except (OSError, ValueError):
        return None


def store(name: str, content: Any) -> None:
    """Keep something under a key, and drop what was made more than 30 days ago."""
    file = _file(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(file)
    for old in file.parent.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another check renames and removes files here too
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                old.unlink()


def _file(name: str) -> Path:
    return bases.cache_root().with_name("renders") / f"{name}.json"


def _program(name: str) -> str:
    """Which build of a program, by size and date: asking for its version takes longer than a small build."""
    found = shutil.which(name)
    status = Path(found).stat() if found else None
    return str(status and (status.st_size, status.st_mtime_ns))
