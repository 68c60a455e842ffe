"""A plain folder of manifests, as Argo CD reads one that is neither a chart nor a kustomization.

Source: findManifests in reposerver/repository/repository.go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from preflight.errors import ClusterError
from preflight.render.kubernetes_yaml import load_all

MANIFEST = re.compile(r".*\.(?:ya?ml|json|jsonnet)")
SKIPPED = "+argocd:skip-file-rendering"
LOOKS_LIKE = ("apiVersion:", "kind:", "metadata:")


@dataclass
class Manifests:
    """What a folder holds.

    objects: each with its file; unread: files that cannot be evaluated here
    """

    objects: list[tuple[Path, dict[str, Any]]] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)


def read(folder: Path, told: dict[str, Any]) -> Manifests:
    """The manifests of a folder; `told` is an application's `directory:`. Raises ClusterError."""
    found = Manifests()
    for file in _files(folder, told):
        text = file.read_text(encoding="utf-8")
        if SKIPPED in text:
            continue
        if file.suffix == ".jsonnet":
            found.unread.append(file)
        else:
            found.objects += [(file, body) for body in _objects(file, text)]
    return found


def _files(folder: Path, told: dict[str, Any]) -> Iterator[Path]:
    include, exclude = str(told.get("include") or ""), str(told.get("exclude") or "")
    for file in sorted(folder.rglob("*") if told.get("recurse") else folder.iterdir()):
        path = file.relative_to(folder).as_posix()
        if not MANIFEST.fullmatch(file.name) or not file.is_file():
            continue
        if not (exclude and _matches(exclude, path)) and (not include or _matches(include, path)):
            yield file


def _objects(file: Path, text: str) -> list[dict[str, Any]]:
    """A file that is no manifest at all is passed over, as Argo CD does."""
    manifest = all(mark in text for mark in LOOKS_LIKE) or file.suffix == ".json"
    try:
        documents = [each for each in load_all(text, str(file)) if each is not None]
    except ClusterError:
        if manifest:
            raise
        return []
    if all(isinstance(each, dict) and each.get("kind") and each.get("apiVersion") for each in documents):
        return [
            item
            for each in documents
            for item in (each.get("items") or [] if each["kind"] == "List" else [each])
        ]
    if manifest:
        raise ClusterError(f"{file}: a document without kind or apiVersion; Argo CD refuses the whole folder")
    return []


def _matches(pattern: str, path: str) -> bool:
    """As gobwas/glob without separators: a star crosses slashes, braces hold alternatives."""
    parts = re.split(r"(\*+|\?|\{|\}|,|\[[^\]]*\])", pattern)
    depth, expression = 0, ""
    for part in parts:
        depth += {"{": 1, "}": -1}.get(part, 0)
        marks = {"?": ".", "{": "(?:", "}": ")", ",": "|" if depth else ","}
        star = bool(part) and not part.strip("*")
        kept = part.replace("[!", "[^") if part.startswith("[") else re.escape(part)
        expression += ".*" if star else marks.get(part, kept)
    return re.fullmatch(expression, path, re.DOTALL) is not None
