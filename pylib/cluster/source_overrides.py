"""What a folder itself says of its source: `.argocd-source.yaml`, and that with the application's name.

Source: mergeSourceParameters in reposerver/repository/repository.go.
"""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from pylib.cluster.kubernetes_yaml import load_all
from pylib.cluster.sources import Source

# What such a file never changes.
KEPT = ("repoURL", "path", "targetRevision", "chart", "ref")


def overridden(source: Source, folder: Path, application: str) -> Source:
    """The source with what the files of its folder change of it. Raises ClusterError."""
    told: dict[str, Any] = deepcopy(dict(source.told))
    for name in (".argocd-source.yaml", f".argocd-source-{application}.yaml"):
        file = folder / name
        if file.is_file():
            patch = next(iter(load_all(file.read_text(), str(file))), None) or {}
            told = _merged(told, {key: value for key, value in patch.items() if key not in KEPT})
    return source if told == source.told else replace(source, told=told)


def _merged(value: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    held = dict(value) if isinstance(value, dict) else {}
    for key, each in patch.items():
        if each is None:
            held.pop(key, None)
        else:
            held[key] = _merged(held.get(key), each)
    return held
