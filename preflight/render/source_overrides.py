"""What a folder itself says of its source: `.argocd-source.yaml`, and that with the application's name.

Source: mergeSourceParameters in reposerver/repository/repository.go.
"""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from preflight.render.kubernetes_yaml import load_all
from preflight.render.merge_patch import merge_patch
from preflight.render.sources import Source

# What such a file never changes.
KEPT = ("repoURL", "path", "targetRevision", "chart", "ref")


def overridden(source: Source, folder: Path, application: str) -> Source:
    """The source with what the files of its folder change of it. Raises ClusterError."""
    told: dict[str, Any] = deepcopy(dict(source.told))
    for name in (".argocd-source.yaml", f".argocd-source-{application}.yaml"):
        file = folder / name
        if file.is_file():
            patch = next(iter(load_all(file.read_text(encoding="utf-8"), str(file))), None) or {}
            told = merge_patch(told, {key: value for key, value in patch.items() if key not in KEPT})
    return source if told == source.told else replace(source, told=told)
