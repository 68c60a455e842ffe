"""An image in the log of answers, wherever that is: its copies, its names, and the answers about it."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pylib.store import request_log
from pylib.store.inbox import Submission

_PNG = b"\x89PNG"


def aliases(log: str, submissions: Iterable[Submission], digests: Collection[str]) -> set[str]:
    """Other SHA-256 by which the log names one of the images that were submitted.

    Of an image that came as numbers the log keeps a PNG, and names it by the digest of the numbers.
    """
    about = {each["prediction_id"].lower() for each in submissions if each["image_sha256"] in digests}
    records = request_log.find_records(log, about - {""})
    return {str(record["image_sha256"]) for record in records.values() if _shows(log, record, digests)}


def _shows(log: str, record: dict[str, Any], digests: Collection[str]) -> bool:
    """A client may send another image than the one that it asked about."""
    image = request_log.image_of(log, record)
    return image is not None and hashlib.sha256(image).hexdigest() in digests


def predictions(log: str, digests: Collection[str]) -> set[str]:
    """The ids of the answers about one of the images, in lower case."""
    records = request_log.naming(log, digests)
    return {
        str(each.get("prediction_id", "")).lower() for each in records if each.get("image_sha256") in digests
    }


def copies(log: str, digests: Collection[str]) -> list[str]:
    """The keys of the log's copies; in a folder those of numbers are known by what they hold, too."""
    folder = _folder(log)
    return [
        key
        for key in request_log.image_keys(log)
        if key.rpartition("/")[2] in digests or (folder and _holds(folder / key, digests))
    ]


def _holds(path: Path, digests: Collection[str]) -> bool:
    try:
        data = path.read_bytes()
    except FileNotFoundError:  # pruned meanwhile
        return False
    return data.startswith(_PNG) and hashlib.sha256(data).hexdigest() in digests


def outside(log: str, folders: Iterable[Path]) -> bool:
    """Whether the log lies in none of the folders."""
    return _folder(log) not in {folder.absolute() for folder in folders}


def lines(log: str, digests: Collection[str]) -> Iterator[str]:
    """In words, where lines of the log name one of the images."""
    if count := sum(1 for _ in request_log.naming(log, digests)):
        yield f"{log}: {count} {'line names' if count == 1 else 'lines name'} its digest"


def _folder(log: str) -> Path | None:
    """Where the log is on this machine; None of one in a bucket."""
    url = urlsplit(request_log.folder(log))
    return Path(unquote(url.path)) if url.scheme == "file" else None
