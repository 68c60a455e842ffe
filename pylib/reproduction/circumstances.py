"""What a result may depend on beside its inputs, then and now: code, packages, lock, Python, processor."""

from collections.abc import Mapping
from typing import Any


def differing(recorded: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> list[str]:
    """Each recorded circumstance that was not the same this time, in words."""
    found: list[str] = []
    # The code counts, not which commit has it.
    for name in sorted((recorded.keys() | rebuilt.keys()) - {"git"}):
        found += _differs(name, recorded.get(name), rebuilt.get(name))
    return found


def _differs(name: str, was: Any, now: Any) -> list[str]:
    if was == now or was is None:  # what former versions did not record cannot be compared
        return []
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        return [f"{name}: {was} recorded, {now if now is not None else 'none'} now"]
    if was.get("digest") == now.get("digest"):
        return []
    old, new = _parts(was), _parts(now)
    parts = [
        f"{part} {old.get(part, 'none')} recorded, {new.get(part, 'none')} now"
        for part in sorted(old.keys() | new.keys())
        if old.get(part) != new.get(part)
    ]
    return parts or [f"{name}: {_digest(was)} recorded, {_digest(now)} now"]


def _parts(resource: Mapping[str, Any]) -> dict[str, str]:
    """What a resource consists of, by name: the versions of packages, the digests of files."""
    annotations = resource.get("annotations") or {}
    files = {name: str(digest)[:12] for name, digest in (annotations.get("files") or {}).items()}
    return files or {name: str(value) for name, value in annotations.items()}


def _digest(resource: Mapping[str, Any]) -> str:
    return next((str(value)[:12] for value in resource.get("digest", {}).values()), "nothing")
