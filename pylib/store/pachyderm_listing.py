"""A commit's listing in a few kilobytes, kept beside it in Pachyderm, so that `ls` reads no file."""

import base64
import binascii
import zlib
from collections.abc import Sequence

from pylib.store.protocol import File
from pylib.store.tree import tree_digest

_MAX_BYTES = 512 << 10
"""A longer text (of about 9,000 files) is not kept: pachd sends it with every mention of the commit."""


def pack(files: Sequence[File]) -> str | None:
    """Return the files as text, None where that would be too long."""
    lines = "".join(f"{file.sha256} {file.size} {file.path}\n" for file in files)
    packed = base64.b64encode(zlib.compress(lines.encode())).decode()
    return packed if len(packed) <= _MAX_BYTES else None


def unpack(text: str, tree: str) -> list[File] | None:
    """Return the files that `pack` was given, sorted; None where it is not of the tree of this digest."""
    try:
        lines = zlib.decompress(base64.b64decode(text)).decode().split("\n")[:-1]
        fields = [line.split(" ", 2) for line in lines]
        files = [File(path, sha256, int(size)) for sha256, size, path in fields]
    except (binascii.Error, zlib.error, ValueError):
        return None
    return sorted(files) if tree_digest(files) == tree else None
