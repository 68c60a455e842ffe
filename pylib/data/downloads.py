"""Large downloads that resume where they were cut, and are used only when their SHA-256 is right."""

import time
from pathlib import Path

import requests
from tqdm import tqdm

from pylib.errors import DataError
from pylib.provenance.digests import sha256_file

_CHUNK = 1 << 16  # what is lost of a line that breaks is less than this
_TIMEOUT = (10, 60)  # seconds to connect, and between two bytes
_CUT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def download(url: str, target: Path, sha256: str, *, attempts: int = 5, pause: float = 1.0) -> Path:
    """Fetch url to target and return target; one that is there with the right SHA-256 is not fetched again.

    Bytes gather in `<target>.part`, from which this or a later call goes on (HTTP Range, RFC 9110, 14).
    After a cut it tries again, `attempts` times in all, waiting pause, 2 pause, 4 pause … seconds. Raises
    DataError when the server refuses, the line stays dead, or the content has another SHA-256.
    """
    if target.exists() and sha256_file(target) == sha256:
        return target
    part = target.with_name(f"{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(attempts):
        try:
            _fetch(url, part)
            break
        except _CUT as error:
            if attempt + 1 == attempts:
                raise DataError(f"{url}: the line broke {attempts} times; run it again to go on") from error
            time.sleep(pause * 2**attempt)
    return _checked(url, part, target, sha256)


def _fetch(url: str, part: Path) -> None:
    start = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # all of it is there already; its checksum decides
        if not response.ok:
            raise DataError(f"{url}: the server answers {response.status_code} {response.reason}")
        if response.headers.get("Content-Range", "").partition("-")[0] != f"bytes {start}":
            start = 0  # the server sends all of it again
        _append(response, part, start)


def _append(response: requests.Response, part: Path, start: int) -> None:
    length = int(response.headers.get("Content-Length", 0))
    with (
        tqdm(
            desc=part.stem, initial=start, total=start + length, unit="B", unit_scale=True, disable=None
        ) as progress,
        part.open("r+b" if start else "wb") as stream,
    ):
        stream.seek(start)
        for chunk in response.iter_content(_CHUNK):
            stream.write(chunk)
            progress.update(len(chunk))
        if length and stream.tell() < start + length:
            raise requests.ConnectionError("cut short")


def _checked(url: str, part: Path, target: Path, sha256: str) -> Path:
    found = sha256_file(part)
    if found != sha256:
        part.unlink()
        raise DataError(f"{url}: its SHA-256 is {found}, not {sha256}; thrown away, run it again")
    return part.replace(target)
