"""Splits that a source gives by itself: what its folders are called, lists of names, a column of a table."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pylib.data.dataset import SplitName
from pylib.data.findings import Finding, find
from pylib.data.layout import Candidate, hidden, without_extension
from pylib.data.names import printable
from pylib.data.tables import NAME_COLUMNS, Table, header, read_table, read_text, tables_in
from pylib.errors import DataError

_WORDS: dict[SplitName, tuple[str, ...]] = {
    "train": ("training", "train", "trn"),
    "validation": ("validation", "validate", "valid", "val", "dev"),
    "test": ("testing", "test", "tst"),
    "calibration": ("calibration", "calib", "cal"),
}
_LISTS = ("", "ImageSets/Segmentation", "ImageSets", "splits", "split", "lists")
SPLIT_COLUMNS = ("split", "subset", "partition")
_FEW = 3


@dataclass(frozen=True)
class Given:
    """Splits by id, the lists and tables that say so, by id too, and what they say of no image.

    by: what else says so, in words
    """

    splits: dict[str, SplitName] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    by: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def split_named(name: str) -> SplitName | None:
    """The split that a folder, a list or a cell of a table is called, in any case; None if it is none."""
    plain = name.strip().casefold()
    return next((split for split, words in _WORDS.items() if plain in words), None)


def split_of_cell(text: str, place: str) -> SplitName:
    """The split that a cell of a table names; raises DataError, which names its place."""
    if (split := split_named(text)) is None:
        raise DataError(
            f"{place}: {printable(text)!r} is no split; write train, validation, test or calibration"
        )
    return split


def split_within(name: str) -> tuple[SplitName | None, str]:
    """The split that a name begins or ends with, and the rest of the name (train_images, masks-val)."""
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    for split, words in _WORDS.items():
        for word in words:
            if plain.startswith(word) or plain.endswith(word):
                return split, plain.removeprefix(word) if plain.startswith(word) else plain.removesuffix(word)
    return None, plain


def read_given(root: Path, images: Mapping[str, list[Path]], less: Collection[Path] = ()) -> Given:
    """What lists and tables of a data set say of its images, by id; the files `less` are read elsewhere.

    Raises DataError where a file cannot be read, names no split, or two of them contradict each other.
    """
    known = by_name(root, images)
    given = Given()
    for path, rows in _sources(root, less):
        place = path.relative_to(root).as_posix()
        given.files.append(path)
        unknown = []
        for name, split in rows:
            item = look_up(known, name)
            if item is None:
                unknown.append(name)
            elif given.splits.setdefault(item, split) != split:
                both = f"{given.splits[item]} ({given.places[item]}) and {split} ({place})"
                raise DataError(f"{printable(item)} is in {both}: leave it in one of them")
            else:
                given.places.setdefault(item, place)
        if unknown:
            first = ", ".join(printable(name) for name in unknown[:_FEW]) + (", …" * (len(unknown) > _FEW))
            given.findings.append(
                find("split-name-unknown", place, f"{len(unknown)} of no image here: {first}")
            )
    return given


def described(given: Given, candidates: Iterable[Candidate]) -> Iterator[str]:
    """Say, in a sentence for the report, what gave which split; nothing where nothing did."""
    if not given.splits:
        return
    splits = [one.split for one in candidates]
    counts = {split: splits.count(split) for split in dict.fromkeys(given.splits.values())}
    text = ", ".join(f"{count} {split}" for split, count in counts.items() if count)
    free = splits.count(None)
    rest = f"; {free} are in no split of it and are taken for train's" if free else ""
    by = ", ".join([*(printable(path.name) for path in given.files), *given.by]) or "its folders"
    yield f"the split is given by {by}: {text}{rest}; what is missing is cut from train"


def _sources(root: Path, less: Collection[Path]) -> Iterator[tuple[Path, list[tuple[str, SplitName]]]]:
    for folder in _LISTS:
        for path in sorted((root / folder).glob("*.txt")):
            split = split_named(path.stem)
            if split and not hidden(path.name):
                yield path, [(line, split) for line in read_text(path).splitlines() if line.strip()]
    for path in tables_in(root):
        if path not in less and (rows := _table(path)) is not None:
            yield path, rows


def _table(path: Path) -> list[tuple[str, SplitName]] | None:
    """The rows of a table with columns for an image's name and its split; None if it has no such columns."""
    if not any(column in header(path) for column in SPLIT_COLUMNS):
        return None  # of something else, in whatever encoding
    table = read_table(path)
    split_column, name_column = table.column(SPLIT_COLUMNS), table.column(NAME_COLUMNS)
    if split_column is None:
        return None
    if name_column is None:
        raise DataError(f"{path.name}: it has a column {split_column!r} but none for the image; call it path")
    return list(_rows(table, name_column, split_column))


def _rows(table: Table, name_column: str, split_column: str) -> Iterator[tuple[str, SplitName]]:
    for line, (name, text) in table.rows(name_column, split_column):
        if not name or not text:
            continue  # an empty cell gives no split
        yield name, split_of_cell(text, f"{table.path.name}, line {line}")


def by_name(root: Path, images: Mapping[str, list[Path]]) -> dict[str, set[str]]:
    """Ids by all that lists may call them, in any case: id, path or file's name, also without extension."""
    known: dict[str, set[str]] = defaultdict(set)
    for item, paths in images.items():
        for path in paths:
            inside = path.relative_to(root).as_posix()
            for name in (item, inside, f"{item}{path.suffix}", path.name):
                known[name.casefold()].add(item)
                known[without_extension(name).casefold()].add(item)
    return known


def look_up(known: Mapping[str, set[str]], line: str) -> str | None:
    """The one image of a line: all of it, or its first word (a list may name the mask too, or a label)."""
    whole = line.strip()
    for name in (whole, *re.split(r"[\s,;]", whole, maxsplit=1)[:1]):
        plain = name.replace("\\", "/").removeprefix("./").lstrip("/").casefold()
        while plain:
            for key in (plain, without_extension(plain)):
                if len(found := known.get(key, set())) == 1:
                    return next(iter(found))
            plain = plain.partition("/")[2]  # a list may begin above the data set's folder
    return None
