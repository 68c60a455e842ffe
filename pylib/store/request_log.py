"""The log of answers where it was kept: one file of JSON lines, or objects by day in a folder or a bucket.

    <url>/predictions/2026/11/30/141503-5f0c….jsonl     a batch of records, a JSON object a line
    <url>/images/2026/11/30/<SHA-256>                   the bytes received; of pixels sent as numbers, a PNG

The day comes first so that a bucket's lifecycle rule, or `prune`, takes whole days. Imports nothing but
obstore, pylib.errors, pylib.store.log_file and .objects: the serving environment uses it too.
"""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore

from pylib.errors import StoreError
from pylib.store.log_file import shorten
from pylib.store.objects import open_url, store_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore

RECORDS, IMAGES = "predictions", "images"
_DAY = re.compile(rf"(?:{RECORDS}|{IMAGES})/(\d{{4}})/(\d{{2}})/(\d{{2}})/[^/]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r'"prediction_id"\s*:\s*"([^"]+)"')
_DELETED_AT_ONCE = 1000


def is_url(place: str) -> bool:
    """Whether a log's place is a folder or bucket of objects; else it is the path of one file."""
    return "://" in place


def key(kind: str, day: date, name: str) -> str:
    """The object of that day and name among RECORDS or IMAGES."""
    return f"{kind}/{day:%Y/%m/%d}/{name}"


def records(
    place: str, since: datetime | None = None, until: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the records at a place, those of the newest day first.

    Only those at or after `since`, if given, and of them those not after `until`.
    A place where nothing was logged yet has none. Raises StoreError: it cannot be read, or a line is damaged.
    """
    for where, lines in _texts(place, since):
        for number, line in enumerate(lines.splitlines(), 1):
            record = _read(line, f"{where}:{number}")
            if since is None or _is_between(since, _time(record, f"{where}:{number}"), until):
                yield record


def find_record(place: str, prediction_id: str) -> dict[str, Any] | None:
    """The record of that prediction; None where the log has none. Raises StoreError."""
    return find_records(place, {prediction_id}).get(prediction_id)


def find_records(place: str, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
    """The records of those predictions that the log has, by id, in one look through it. Raises StoreError."""
    found: dict[str, dict[str, Any]] = {}
    if not wanted:
        return found
    for where, lines in _texts(place):
        for match in _ID.finditer(lines):
            if match[1] in wanted and match[1] not in found:
                start, end = lines.rfind("\n", 0, match.start()) + 1, lines.find("\n", match.end())
                number = lines.count("\n", 0, start) + 1
                record = _read(lines[start : end if end >= 0 else None], f"{where}:{number}")
                if record.get("prediction_id") == match[1]:
                    found[match[1]] = record
        if len(found) == len(set(wanted)):
            break
    return found


def empty(place: str) -> bool:
    """Whether nothing is logged there, or no longer. Raises StoreError."""
    return not any(lines for _, lines in _texts(place))


def begun_with(place: str, beginning: str) -> dict[str, dict[str, Any]]:
    """The records whose prediction's id begins so, by that id. Raises StoreError."""
    found = {}
    for where, lines in _texts(place):
        if beginning not in lines:
            continue
        for number, line in enumerate(lines.splitlines(), 1):
            record = _read(line, f"{where}:{number}") if beginning in line else {}
            if str(record.get("prediction_id", "")).startswith(beginning):
                found[record["prediction_id"]] = record
    return found


def naming(place: str, words: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the records with one of these words in their line. Raises StoreError."""
    for where, lines in _texts(place):
        if any(word in lines for word in words):
            for number, line in enumerate(lines.splitlines(), 1):
                if any(word in line for word in words):
                    yield _read(line, f"{where}:{number}")


def image(place: str, sha256: str, day: date) -> bytes | None:
    """The image of that SHA-256 that was logged on that day; None where there is none. Raises StoreError."""
    with store_errors(f"log {folder(place)}"):
        try:
            return bytes(obstore.get(open_url(folder(place)), key(IMAGES, day, sha256)).bytes())
        except FileNotFoundError:
            return None


def image_of(place: str, record: dict[str, Any]) -> bytes | None:
    """The image of a record, of its day or, around midnight, the next; None where none is kept."""
    sha256, day = record.get("image_sha256"), _time(record, place).date()
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        return None
    found = image(place, sha256, day)
    return image(place, sha256, day + timedelta(days=1)) if found is None else found


def image_keys(place: str) -> Iterator[str]:
    """Yield the keys of all images kept, `images/2026/11/30/<name>` below `folder`. Raises StoreError."""
    if is_url(place) or Path(place).absolute().parent.is_dir():
        with store_errors(f"log {folder(place)}"):
            yield from sorted(name for name, _ in _dated(open_url(folder(place)), f"{IMAGES}/"))


def delete(place: str, keys: Collection[str]) -> None:
    """Delete objects of the log by their keys; one that is not there is gone. Raises StoreError."""
    for name in keys:
        with store_errors(f"log {folder(place)}"), suppress(FileNotFoundError):
            obstore.delete(open_url(folder(place)), name)


def folder(place: str) -> str:
    """The URL below which the images of a log are: its own, or of the folder that the file is in."""
    return place if is_url(place) else Path(place).absolute().parent.as_uri()


def prune(url: str, days: int, today: date | None = None) -> int:
    """Delete what was logged more than so many days ago; returns how many objects, or lines of one file.

    A server may append meanwhile; of one file, the images beside it go too. Raises StoreError.
    """
    oldest = (today or datetime.now(UTC).date()) - timedelta(days=days)
    if is_url(url):
        return _delete(url, "", oldest)
    with store_errors(f"log {url}"):
        lines = shorten(Path(url), oldest)
    folder = Path(url).absolute().parent
    return lines + (_delete(folder.as_uri(), f"{IMAGES}/", oldest) if folder.is_dir() else 0)


def _delete(url: str, prefix: str, oldest: date) -> int:
    """Delete what lies below the prefix and is of an older day."""
    with store_errors(f"log {url}"):
        store = open_url(url)
        old = [name for name, day in _dated(store, prefix) if day < oldest]
        for start in range(0, len(old), _DELETED_AT_ONCE):
            with suppress(FileNotFoundError):  # another prune was faster
                obstore.delete(store, old[start : start + _DELETED_AT_ONCE])
    return len(old)


def _texts(place: str, since: datetime | None = None) -> Iterator[tuple[str, str]]:
    """Each file or object with its name, the newest first."""
    if not is_url(place):
        path = Path(place)
        with store_errors(f"log {path}"):
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
        yield str(path), text
        return
    with store_errors(f"log {place}"):
        store = open_url(place)
        names = sorted((day, name) for name, day in _dated(store, f"{RECORDS}/"))
    # A batch is named by its first record, and its last may be of the next day.
    oldest = (since - timedelta(days=1)).date() if since else date.min
    for day, name in reversed(names):
        if day >= oldest:
            with store_errors(f"log {place}/{name}"):
                text = bytes(obstore.get(store, name).bytes()).decode()
            yield f"{place}/{name}", text


def _dated(store: "ObjectStore", prefix: str) -> Iterator[tuple[str, date]]:
    """Each object of ours below the prefix with its day."""
    for batch in obstore.list(store, prefix=prefix or None):
        for found in batch:
            if match := _DAY.fullmatch(found["path"]):
                yield found["path"], date(*map(int, match.groups()))


def _read(line: str, where: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"log {where} is no JSON ({error}): remove that line") from error
    if not isinstance(record, dict):
        raise StoreError(f"log {where} is no record, which is an object of JSON: remove that line")
    return record


def _time(record: dict[str, Any], where: str) -> datetime:
    try:
        time = datetime.fromisoformat(record["time"])
    except (KeyError, TypeError, ValueError):
        time = None
    if time is None or time.tzinfo is None:
        raise StoreError(
            f"log {where} says no time with its zone, such as 2026-11-30T12:00:00+00:00: remove that line"
        )
    return time


def _is_between(since: datetime, time: datetime, until: datetime | None) -> bool:
    return since <= time and (until is None or time <= until)
