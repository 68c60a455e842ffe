"""A bucket, or a folder that stands for one: objects by key, and each error in one line.

Imports nothing but obstore and pylib.errors, because the serving environment uses it too.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PreconditionError,
)
from obstore.store import LocalStore, from_url

from pylib.errors import StoreError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

_CLIENT: "ClientConfig" = {"connect_timeout": "10s", "timeout": "120s"}
_RETRY: "RetryConfig" = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
_PART = 16 << 20  # S3 takes 10,000 parts: files up to 160 GB
_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_REASONS = {
    "NoSuchBucket": "no such bucket {place}: make it, or correct the address",
    # Where a cloud's machines ask for credentials when no variable gives any.
    r"169\.254\.169\.254": f"no credentials {{place}}: set {_KEYS}",
    "XAdminUserNotFound|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken": (
        f"the key is not accepted {{place}}: check {_KEYS}"
    ),
    "AccessDenied|Access Denied|403 Forbidden": (
        "no permission {place}: let the key of AWS_ACCESS_KEY_ID read, write and list this bucket"
    ),
    "NotImplemented": (
        "the server {place} has no conditional writes (If-Match, If-None-Match): use one that has them"
    ),
    "error sending request|[Cc]onnect": "no answer {place}: is it up, is AWS_ENDPOINT_URL right? ({text})",
}


@dataclass(frozen=True)
class Object:
    """An object: its content, and the ETag that names this very version of it."""

    data: bytes
    e_tag: str


@dataclass(frozen=True)
class Entry:
    """An object without its content: key, size in bytes, when it was last written by the server's clock."""

    key: str
    size: int
    modified: datetime


class Objects:
    """Objects below `url`, an `s3://bucket/prefix`. All methods raise `StoreError`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if not urlsplit(url).netloc:
            raise StoreError(f"{url} names no bucket: write s3://bucket or s3://bucket/prefix")
        _check(endpoint())
        with store_errors(self.url):
            self._store = open_url(self.url)

    def find(self, key: str) -> Object | None:
        """Return the object, if there is one."""
        with store_errors(f"{self.url}/{key}"):
            try:
                found = obstore.get(self._store, key)
                return Object(bytes(found.bytes()), found.meta["e_tag"] or "")
            except (NotFoundError, FileNotFoundError) as error:
                if _says_more(error):
                    raise
                return None

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the object's content in pieces."""
        with store_errors(f"{self.url}/{key}"):
            for piece in obstore.get(self._store, key).stream(min_chunk_size=1 << 20):
                yield bytes(piece)

    def entry(self, key: str) -> Entry | None:
        """Return size and time of an object, if there is one."""
        with store_errors(f"{self.url}/{key}"):
            try:
                found = obstore.head(self._store, key)
            except (NotFoundError, FileNotFoundError):
                return None
        return Entry(found["path"], found["size"], found["last_modified"])

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below the prefix, a folder."""
        with store_errors(f"listing of {self.url}/{prefix}"):
            for batch in obstore.list(self._store, prefix=prefix):
                for found in batch:
                    yield Entry(found["path"], found["size"], found["last_modified"])

    def put(self, key: str, data: bytes | Iterator[bytes]) -> None:
        """Write an object whatever was there; it appears whole, and an iterator that raises leaves none."""
        with store_errors(f"upload to {self.url}/{key}"):
            obstore.put(self._store, key, data, use_multipart=not isinstance(data, bytes), chunk_size=_PART)

    def create(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one (If-None-Match); False where there is."""
        with store_errors(f"upload to {self.url}/{key}"):
            try:
                obstore.put(self._store, key, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

    def replace(self, key: str, data: bytes, e_tag: str) -> bool:
        """Write over the version with this ETag (If-Match); False where another one is there, or none."""
        with store_errors(f"upload to {self.url}/{key}"):
            try:
                obstore.put(self._store, key, data, mode={"e_tag": e_tag}, use_multipart=False)
            except (PreconditionError, AlreadyExistsError):  # 412, or 409 of two that came at once
                return False
            return True

    def delete(self, keys: list[str]) -> None:
        """Delete objects, up to 1,000 in one call; those that are not there are no error."""
        with store_errors(f"deletion in {self.url}"):
            obstore.delete(self._store, keys)


def open_url(url: str, *, patience: timedelta | None = None) -> "ObjectStore":
    """Return obstore's store for `file:///folder`, a plain path, `s3://`, `gs://` or `az://`.

    patience: how long one call may take where it is less than usual, tried once
    """
    scheme = urlsplit(url).scheme
    if scheme in ("", "file"):
        folder = Path(unquote(urlsplit(url).path) if scheme else url)
        return LocalStore(folder.absolute(), mkdir=True)
    client, retry = _CLIENT, _RETRY
    if patience:
        seconds = f"{patience.total_seconds():g}s"
        client = {"connect_timeout": seconds, "timeout": seconds}
        retry = {"max_retries": 0, "retry_timeout": patience}
    if not scheme.startswith("s3"):
        return from_url(url, client_options=client, retry_config=retry)
    config: S3Config = {"endpoint": endpoint()} if endpoint() else {}
    client = {**client, "allow_http": endpoint().startswith("http://")}
    return from_url(url, config=config, client_options=client, retry_config=retry)


def endpoint() -> str:
    """Return the S3 server that the environment names, empty for Amazon's."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")


def _check(address: str) -> None:
    """An address without its scheme ends obstore's library in a panic."""
    parts = urlsplit(address)
    if address and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise StoreError(f"AWS_ENDPOINT_URL={address}: write http://host:port or https://host:port")


def _says_more(error: Exception) -> bool:
    """Whether a 404 is not about the object: no such bucket, or at versitygw no such user."""
    code = re.search(r"<Code>(\w+)</Code>", str(error))
    return bool(code and code[1] != "NoSuchKey")


@contextmanager
def store_errors(what: str) -> Iterator[None]:
    """Turn what obstore raises into one line."""
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        text = " ".join(str(error).split("Debug source:")[0].split()) or type(error).__name__
        reason = _s3_reason(text) if "s3://" in what else ""
        if not reason:
            reason = "not found" if isinstance(error, NotFoundError | FileNotFoundError) else text
        raise StoreError(f"{what}: {reason}") from error


def _s3_reason(text: str) -> str:
    """Say what an S3 server means, where that is, and what to do about it; empty where it is plain."""
    place = f"at {endpoint()}" if endpoint() else "at Amazon (AWS_ENDPOINT_URL is not set)"
    for pattern, reason in _REASONS.items():
        if re.search(pattern, text):
            return reason.format(place=place, text=text)
    return ""
