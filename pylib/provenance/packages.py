"""The packages that a step ran with: of those that the lock names, the versions that are really installed."""

import functools
import hashlib
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pylib.provenance.digests import canonical

NAME = "packages"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


@functools.cache
def installed(lock: Path) -> dict[str, Any]:
    """An in-toto resource: the installed version of each package of a lock file, and a digest of them all.

    A lock says what should be there; a package that somebody exchanged is seen here. What the lock has for
    other platforms, and is not installed, is left out.
    """
    versions = {
        name: found for name in _PIN.findall(lock.read_text(encoding="utf-8")) if (found := _version(name))
    }
    digest = hashlib.sha256(canonical(versions)).hexdigest()
    return {"name": NAME, "digest": {"sha256": digest}, "annotations": versions}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
