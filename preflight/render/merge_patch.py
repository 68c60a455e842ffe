"""A JSON merge patch (RFC 7396): what Argo CD and pachd apply to what they make."""

from typing import Any


def merge_patch(value: Any, patch: Any) -> Any:
    """The value with the patch applied: null removes, mappings merge, all else is replaced."""
    if not isinstance(patch, dict):
        return patch
    held = dict(value) if isinstance(value, dict) else {}
    for key, each in patch.items():
        if each is None:
            held.pop(key, None)
        else:
            held[key] = merge_patch(held.get(key), each)
    return held
