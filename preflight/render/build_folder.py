"""One kustomization built, with what an application changes of it, and every object's own file."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from preflight.render import bases, build_cache, kustomize, overrides
from preflight.render.environment import Environment
from preflight.render.kubernetes_yaml import objects
from preflight.render.kustomizations import Localizer
from preflight.render.remotes import Base
from preflight.render.resources import Origin
from preflight.render.sources import Source

ORIGIN = "config.kubernetes.io/origin"
Bodies = list[tuple[dict[str, Any], Origin]]


@dataclass(frozen=True)
class FolderBuild:
    """A kustomization and what it is built with.

    name: of its own in the stage; root, folder: the repository and the folder in it
    options: as Workplace has them
    """

    stage: Path
    name: str
    root: Path
    folder: Path
    source: Source
    environment: Environment
    options: str | None

    def bodies(self, default: Origin) -> Bodies:
        """Its objects, each with its file; `default` is that of what names none.

        Raises ClusterError and UnavailableError.
        """
        told = self.source.told_of("kustomize")
        with self._folder(told) as (folder, copied):
            # kustomize writes each object's file into it when the outermost kustomization asks for that.
            wrapper = self.stage / ".render" / self.name
            wrapper.mkdir(parents=True, exist_ok=True)
            content = {
                "resources": [os.path.relpath(folder, wrapper)],
                "buildMetadata": ["originAnnotations"],
            }
            (wrapper / "kustomization.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
            inputs = {_original(each, copied) for each in Localizer(self.options).localize(wrapper)}
            command = (
                *kustomize.command(),
                self.options or "",
                json.dumps(told, sort_keys=True, default=str),
            )
            key = build_cache.key(inputs, self.stage, command)
            pairs = build_cache.load(key)
            if pairs is None:
                stream = kustomize.build(wrapper, self.options or "")
                pairs = list(self._pairs(stream, default, wrapper, copied))
                build_cache.store(key, pairs)
        return [(body, Origin(*origin)) for body, origin in pairs]

    @contextmanager
    def _folder(self, told: dict[str, Any]) -> Iterator[tuple[Path, dict[Path, Path]]]:
        """The folder to build; a copy where the application changes it, with what it is a copy of.

        A copy stands where its relative paths still lead to the same.
        """
        if not overrides.needed(told):
            yield self.folder, {}
            return
        if self.source.ours:
            copy = self.folder.with_name(f"{self.folder.name}~{self.name}")
            shutil.copytree(self.folder, copy, symlinks=True, dirs_exist_ok=True)
            overrides.apply(copy, told, self.environment)
            yield copy, {copy: self.folder}
            return
        with tempfile.TemporaryDirectory(dir=self.root.parent, prefix=".changed.") as name:
            whole = shutil.copytree(self.root, name, symlinks=True, dirs_exist_ok=True)
            copy = Path(whole) / self.folder.relative_to(self.root)
            overrides.apply(copy, told, self.environment)
            yield copy, {Path(whole): self.root}

    def _pairs(
        self, stream: str, default: Origin, wrapper: Path, copied: dict[Path, Path]
    ) -> Iterator[tuple[dict[str, Any], tuple[str, bool]]]:
        """Each object without kustomize's annotation, with the file that it names."""
        for body in objects(stream, self.source.path):
            origin = default
            annotations = (body.get("metadata") or {}).get("annotations") or {}
            written = yaml.safe_load(annotations.pop(ORIGIN, "")) or {}
            if not annotations and body.get("metadata"):
                body["metadata"].pop("annotations", None)
            path = written.get("path") or written.get("configuredIn")
            if path:
                file = _original(Path(os.path.normpath(wrapper / path)), copied)
                origin = _origin(file, self.stage, origin)
            yield body, (origin.file, origin.upstream)


def _original(path: Path, copied: dict[Path, Path]) -> Path:
    for copy, original in copied.items():
        if path.is_relative_to(copy):
            return original / path.relative_to(copy)
    return path


def _origin(path: Path, stage: Path, default: Origin) -> Origin:
    if path.is_relative_to(stage):
        return Origin(path.relative_to(stage).as_posix(), upstream=False)
    if path.is_relative_to(bases.cache_root()):
        host, owner, name, ref, *rest = path.relative_to(bases.cache_root()).parts
        return Origin(f"{Base.of_key(host, owner, name, ref)}:{'/'.join(rest)}", upstream=True)
    if path.is_relative_to(bases.files_root()):
        return Origin((path.parent / "url").read_text(encoding="utf-8"), upstream=True)
    return default
