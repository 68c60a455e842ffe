"""Digests of files and folders: SHA-256, and Go's dirhash for a folder as a whole."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

BUNDLE = "provenance.intoto.jsonl"
"""The name of the record inside a folder; it describes the folder, so it is no part of its digest."""
OTHERS = "others"
"""Beside a stored model's record, a folder with the records of other runs that made the same model."""


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, lower-case hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifest(folder: Path) -> dict[str, str]:
    """Every file below a folder but its own record: POSIX path → SHA-256, sorted by path."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != BUNDLE)
    return {path.relative_to(folder).as_posix(): sha256_file(path) for path in sorted(files)}


def dir_hash(files: Mapping[str, str]) -> str:
    """Digest of a manifest, hex.

    Hash1 of golang.org/x/mod/sumdb/dirhash, which in-toto's digest set calls `dirHash`: SHA-256 over
    the lines `<sha256>  <path>`, sorted by path. `sha256sum $(find . -type f | sort) | sha256sum` agrees
    where names hold no spaces.
    """
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def digest_of(path: Path) -> dict[str, str]:
    """in-toto digest set of a file (`sha256`) or a folder (`dirHash`)."""
    return {"dirHash": dir_hash(manifest(path))} if path.is_dir() else {"sha256": sha256_file(path)}


def canonical(value: object) -> bytes:
    """JSON that is the same bytes for the same value, whatever order it was made in."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
