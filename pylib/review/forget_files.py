"""Copies of an image that lie in folders as files: with the log of answers, and with the page for a while."""

import hashlib
from collections.abc import Container, Iterator
from pathlib import Path


def named(folder: Path, digests: Container[str]) -> Iterator[Path]:
    """The files below a folder that one of these SHA-256 names."""
    if folder.is_dir():
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and path.stem in digests)


def on_the_page(folder: Path, digests: Container[str]) -> Iterator[Path]:
    """What the page keeps: images that models were compared on, and answers with the image asked about."""
    yield from named(folder / "compared", digests)
    for path in sorted(folder.glob("answers/*/image")):
        if hashlib.sha256(path.read_bytes()).hexdigest() in digests:
            yield path.parent
