"""What people and applications send back: kept before it is acknowledged, reviewed later.

A folder (`file:///…`) or a bucket (`s3://…`), the same layout in both:

    images/<SHA-256>          an image's bytes
    submissions/<id>.json     what was sent with an image; never changed
    without-image/<id>.json   feedback whose image is not at hand: it counts, and cannot train
    unanswered/<id>.json      that a submission with an image is about an answer that only the log has
    answers/, claims/, decisions/, commits/<id>.json   what became of it: `pylib.review`'s

Imports nothing but obstore, pylib.errors and this package: the model server uses it too.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Literal, TypedDict, cast
from urllib.parse import urlsplit

from pylib.errors import DamagedError, NotFoundError, StoreError
from pylib.store.durable_folder import Folder
from pylib.store.objects import Objects

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json")
_SCHEMES = {"", "file", "s3"}
WITH_IMAGE, WITHOUT_IMAGE, IMAGES = "submissions", "without-image", "images"
UNANSWERED = "unanswered"


class Submission(TypedDict):
    """What somebody sent.

    id: a uuid4; time: UTC, ISO 8601; kind: what a client says of an answer, or labelled images
    by: the login name, empty where unknown; source: its name in the data, `feedback` for feedback
    prediction_id: of the answer that it is about, empty for a contribution; model_digest: of that model
    image_sha256: of the image's bytes, empty where unknown
    answered: the task's summary of what the model said, None where unknown
    truth: what is right, as the task keeps it, None where nothing was said of it
    reward: how good the answer was, None where it was not said
    """

    id: str
    time: str
    kind: Literal["feedback", "contribution"]
    by: str
    source: str
    task: str
    prediction_id: str
    model_digest: str
    image_sha256: str
    answered: dict[str, Any] | None
    truth: dict[str, Any] | None
    reward: float | None
    note: str


_KINDS: dict[str, Any] = {
    **dict.fromkeys(("id", "time", "kind", "by", "source", "task"), str),
    **dict.fromkeys(("prediction_id", "model_digest", "image_sha256", "note"), str),
    **dict.fromkeys(("answered", "truth"), dict | None),
    "reward": float | int | None,
}


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


_FORMS: dict[str, Callable[[str], object]] = {
    "time": _is_time,
    "image_sha256": lambda text: not text or _SHA256.fullmatch(text),
}


class Inbox:
    """The inbox at `url`, `file:///folder` or `s3://bucket/prefix`. All methods raise `StoreError`."""

    def __init__(self, url: str) -> None:
        scheme = urlsplit(url).scheme
        if scheme not in _SCHEMES:
            raise StoreError(f"{url}: no inbox of this kind; use file:///folder or s3://bucket/prefix")
        self.objects: Objects | Folder = Objects(url) if scheme == "s3" else Folder(url)
        self.url = self.objects.url

    def put_image(self, data: bytes) -> str:
        """Keep an image's bytes; return their SHA-256. One that is there already stays."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.objects.create(f"{IMAGES}/{sha256}", data)
        return sha256

    def image(self, sha256: str) -> bytes:
        """Return an image's bytes, whose digest is verified; NotFoundError where there is none."""
        key = f"{IMAGES}/{_checked(sha256)}"
        found = self.objects.find(key)
        if found is None:
            raise NotFoundError(f"no image {sha256} in {self.url}")
        if hashlib.sha256(found.data).hexdigest() != sha256:
            raise DamagedError(f"{self.url}/{key} is damaged: its SHA-256 differs from its name")
        return found.data

    def record(self, key: str, names: AbstractSet[str]) -> dict[str, Any] | None:
        """Return what is kept of a decision at a key, an object with these names at least.

        None where nothing is kept there; raises DamagedError where it is not such.
        """
        found = self.objects.find(key)
        if found is None:
            return None
        try:
            read = json.loads(found.data)
        except ValueError:
            read = None
        if not isinstance(read, dict) or names - read.keys():
            raise self.damaged(key)
        return read

    def damaged(self, key: str) -> DamagedError:
        """What to say of a record that is not what it should be."""
        return DamagedError(f"{self.url}/{key} is damaged: put back a copy of it, or remove it")

    def has_image(self, sha256: str) -> bool:
        """Whether an image is kept here."""
        return bool(sha256) and self.objects.entry(f"{IMAGES}/{_checked(sha256)}") is not None

    def put(self, submission: Submission) -> None:
        """Keep a submission; when this returns it survives a kill and, on a disk, a loss of power.

        The same one may be put twice, as after an answer that was lost; another one of its id is refused.
        """
        folder = WITH_IMAGE if self.has_image(submission["image_sha256"]) else WITHOUT_IMAGE
        key, data = _key(folder, submission["id"]), json.dumps(submission, ensure_ascii=False).encode()
        if folder == WITH_IMAGE and submission["prediction_id"] and submission["answered"] is None:
            # First: killed after it, it is of nothing, and joining takes it away.
            self.objects.create(_key(UNANSWERED, submission["id"]), b"{}")
        if self.objects.create(key, data):
            return
        found = self.objects.find(key)
        if not found or found.data != data:
            raise StoreError(f"{self.url}/{key}: another submission has this id")

    def submission(self, submission_id: str) -> Submission:
        """Return the submission of this id; NotFoundError where there is none."""
        for folder in (WITH_IMAGE, WITHOUT_IMAGE):
            key = _key(folder, submission_id)
            if found := self.objects.find(key):
                return _read(found.data, f"{self.url}/{key}")
        raise NotFoundError(
            f"no submission {submission_id} in {self.url}: `pylib review list` shows those that are"
        )

    def submissions(self, skipped: list[str] | None = None) -> Iterator[Submission]:
        """Yield all submissions, the oldest first.

        Those that are damaged, and files that are none, are passed over; why is put into `skipped`.
        """
        skipped = [] if skipped is None else skipped
        for folder in (WITH_IMAGE, WITHOUT_IMAGE):
            keys = [entry.key for entry in self.objects.entries(f"{folder}/")]
            skipped += [f"{self.url}/{key} is no submission" for key in keys if not _id_of(key)]
        for submission_id in self.ids(WITH_IMAGE, WITHOUT_IMAGE):
            try:
                yield self.submission(submission_id)
            except NotFoundError:  # forgotten meanwhile
                continue
            except DamagedError as error:
                skipped.append(str(error))

    def ids(self, *folders: str) -> list[str]:
        """The ids in some of the folders, the oldest first, as the place's clock has it."""
        found = [entry for folder in folders for entry in self.objects.entries(f"{folder}/")]
        ordered = sorted(found, key=lambda entry: (entry.modified, entry.key))
        ids = (_id_of(entry.key) for entry in ordered)
        return list(dict.fromkeys(each for each in ids if each))


def _key(folder: str, submission_id: str) -> str:
    try:
        if str(uuid.UUID(submission_id)) == submission_id:
            return f"{folder}/{submission_id}.json"
    except ValueError:
        pass
    raise StoreError(f"{submission_id[:80]!r} is no id of a submission: a uuid in lower case")


def _id_of(key: str) -> str:
    """The id of an object in one of the folders; empty where its name is none."""
    name = key.rsplit("/", 1)[-1]
    return name.removesuffix(".json") if _NAME.fullmatch(name) else ""


def _checked(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise StoreError(f"{sha256[:80]!r} is no SHA-256 of an image: 64 hexadecimal digits")
    return sha256


def _read(data: bytes, place: str) -> Submission:
    try:
        read = json.loads(data)
    except ValueError as error:
        raise DamagedError(f"{place} is damaged: it is no JSON") from error
    if not isinstance(read, dict) or Submission.__required_keys__ - read.keys():
        raise DamagedError(f"{place} is damaged: it is no submission")
    wrong = sorted(name for name, kind in _KINDS.items() if not isinstance(read[name], kind))
    wrong = wrong or [name for name, is_such in _FORMS.items() if not is_such(read[name])]
    if wrong:
        raise DamagedError(f"{place} is damaged: its {', '.join(wrong)} is not what a submission has there")
    return cast("Submission", read)
