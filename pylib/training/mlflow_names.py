"""Names that MLflow takes, of whatever a metric is called: class names are people's, and are part of them.

MLflow refuses a whole batch for one name that is not a plain path of letters, digits, `_`, `-`, `.`, space
and `/`, of at most 250 characters (`mlflow.utils.validation`; on Windows no `:` either).
"""

import hashlib
import posixpath
import re

LONGEST = 200
"""Less than MLflow's 250, so that a prefix fits too."""

_FORBIDDEN = re.compile(r"[^/\w.\- ]")
_DIGEST = 8
_OURS = re.compile(rf"-[0-9a-f]{{{_DIGEST}}}$")


def legal(name: str) -> str:
    """A name that MLflow takes: the same one where it is such, else one cleaned that ends in a digest.

    No two names become the same: what is kept never ends like a digest, and digests are of the whole name.
    """
    if _is_plain(name) and not _OURS.search(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{_cleaned(name)}-{digest}"


def _is_plain(name: str) -> bool:
    path = posixpath.normpath(name)
    escapes = path in {".", ".."} or path.startswith(("..", "/"))
    return 0 < len(name) <= LONGEST and not _FORBIDDEN.search(name) and path == name and not escapes


def _cleaned(name: str) -> str:
    """What can be read of a name: a space for what is forbidden, no step of a path that means another one."""
    steps = (" ".join(_FORBIDDEN.sub(" ", step).split()) for step in name.split("/"))
    kept = "/".join(step for step in steps if step.strip("."))
    return kept.lstrip(".")[: LONGEST - _DIGEST - 1]
