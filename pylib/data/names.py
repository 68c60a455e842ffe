"""Names of items: which are safe as files everywhere, and how to print the others."""

import unicodedata
from pathlib import PurePosixPath

MAX_BYTES = 200


def unsafe_name(item: str) -> str | None:
    """Say why an id cannot be a file name everywhere, or None if it can."""
    if len(item.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        return f"its name is longer than {MAX_BYTES} bytes"
    if not item.isprintable() or any(character in item for character in '\\:*?"<>|'):
        return "its name has characters that some file systems refuse"
    for part in PurePosixPath(item).parts:
        if part != part.strip() or part.startswith((".", "-")) or part.endswith("."):
            return "its name starts or ends with a space, a dot or a dash"
    return None


def case_key(item: str) -> str:
    """Return what two ids share if a file system that ignores case, or accents' encoding, confuses them."""
    return unicodedata.normalize("NFC", item).casefold()


def printable(text: str) -> str:
    """Return text that any terminal and any JSON can hold."""
    return text.encode("utf-8", "backslashreplace").decode() if text.isprintable() else ascii(text)[1:-1]
