"""The files that pages name: one style sheet, the colours of classes, one script."""

import hashlib
from functools import cache
from importlib import resources

from pylib.palette import class_colour

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_CLASSES = 256


def version(name: str) -> str:
    """What changes when the file does, for its address."""
    return hashlib.sha256(files()[name]).hexdigest()[:12]


@cache
def files() -> dict[str, bytes]:
    """Their content by name."""
    folder = resources.files("pylib.web") / "static"
    found = {
        each.name: each.read_bytes() for each in folder.iterdir() if each.name.rpartition(".")[2] in TYPES
    }
    colours = "".join(f".class-{i}{{--class:{class_colour(i)}}}\n" for i in range(_CLASSES))
    return {**found, "classes.css": colours.encode()}
