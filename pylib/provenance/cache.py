"""Finished steps by the digest of everything that went into them: what did not change is not done again."""

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pylib.provenance.digests import dir_hash, manifest

FROM_CACHE = "nothing changed: taken from the cache"
"""What a step says, with its key, where it did nothing."""


class StepCache:
    """A folder of `<key>/result.json` and `<key>/<output>/…`, written whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def scratch(self, key: str) -> Path:
        """A folder that outlives a killed step, so that the next try of the same step can go on from it."""
        folder = self.root / "scratch" / key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget_scratch(self, key: str) -> None:
        """Drop what a finished step kept for a second try."""
        shutil.rmtree(self.root / "scratch" / key, ignore_errors=True)

    def get(self, key: str, outputs: Mapping[str, Path]) -> dict[str, Any] | None:
        """Put a finished step's outputs in place, return its result; None where not here, or damaged."""
        entry = self.root / key
        try:
            record: dict[str, Any] = json.loads((entry / "result.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if any(self._digest(entry / name) != record["outputs"].get(name) for name in outputs):
            shutil.rmtree(entry, ignore_errors=True)
            return None
        for name, target in outputs.items():
            copy_folder(entry / name, target)
        return dict(record["result"])

    def put(self, key: str, outputs: Mapping[str, Path], result: Mapping[str, Any]) -> None:
        """Keep a finished step; the rename at the end is what makes it count."""
        staging = self.root / f".{key}-{uuid.uuid4().hex}"
        staging.mkdir(parents=True)
        for name, folder in outputs.items():
            copy_folder(folder, staging / name)
        digests = {name: self._digest(staging / name) for name in outputs}
        (staging / "result.json").write_text(
            json.dumps({"outputs": digests, "result": dict(result)}), encoding="utf-8"
        )
        try:
            staging.rename(self.root / key)
        except OSError:  # another run finished the same step first: the results are the same
            shutil.rmtree(staging)

    @staticmethod
    def _digest(folder: Path) -> str | None:
        return dir_hash(manifest(folder)) if folder.is_dir() else None


def copy_folder(source: Path, target: Path) -> None:
    """Copy a finished folder; a copy, not a link, so that editing one never changes the other."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        shutil.rmtree(target)
    shutil.copytree(source, target, copy_function=_copy)


def _copy(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    os.utime(target)
