"""Images that somebody has sent to look at and not to keep: by SHA-256, in a folder, the oldest make room."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path

from pylib.atomic import write_file
from pylib.errors import NotFoundError

_KEPT = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Held:
    """The images in a folder, which is made when the first one comes; who knows a digest had the image."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Hold an image's bytes; return their SHA-256."""
        sha256 = hashlib.sha256(data).hexdigest()
        write_file(self._folder / sha256, data)
        self._make_room()
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of that digest; NotFoundError where they are not held, or not any more."""
        try:
            if _SHA256.fullmatch(sha256):
                return (self._folder / sha256).read_bytes()
        except OSError:
            pass
        raise NotFoundError("that image is not held any more: send it again")

    def _make_room(self) -> None:
        files = [path for path in self._folder.iterdir() if _SHA256.fullmatch(path.name)]
        with suppress(OSError):  # another one made room meanwhile
            ordered = sorted(files, key=lambda path: path.stat().st_mtime)
            for oldest in ordered[: max(0, len(ordered) - _KEPT)]:
                oldest.unlink(missing_ok=True)
