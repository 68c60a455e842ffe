"""What lies in folders as files: copies of an image with the log and the page, and what was made with it."""

import hashlib
from collections.abc import Collection, Container, Iterator
from pathlib import Path

_TEXTS = {".json", ".jsonl"}


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


def mentioning(folder: Path, words: Collection[str], suffixes: set[str], deep: int = 0) -> Iterator[Path]:
    """The text files of a folder with one of these words."""
    if not folder.is_dir() or not words:
        return
    paths = folder.glob("*") if deep else folder.rglob("*")
    for path in sorted(path for path in paths if path.suffix in suffixes and path.is_file()):
        text = path.read_text(encoding="utf-8", errors="replace")
        if any(word in text for word in words):
            yield path


def entries(folder: Path, words: Collection[str]) -> list[Path]:
    """The entries of a cache, its direct folders, that were made with the image in them."""
    inside = mentioning(folder, words, _TEXTS)
    return sorted({folder / path.relative_to(folder).parts[0] for path in inside})


def copies(folder: Path, words: Collection[str]) -> list[Path]:
    """The copies of shards and features that runs have beside their results."""
    inside = mentioning(folder, words, {".json"})
    made = {above for path in inside for above in path.parents if above.name in {"shards", "features"}}
    return sorted(above for above in made if above.is_relative_to(folder))


def trained(folder: Path, commits: set[str]) -> Iterator[str]:
    """The models whose records name one of the commits."""
    for path in sorted(folder.rglob("provenance.intoto.jsonl")) if folder.is_dir() else ():
        text = path.read_text(encoding="utf-8", errors="replace")
        if any(commit in text for commit in commits):
            yield f"{path.parent}: made of a commit that had it; train again, and release"
