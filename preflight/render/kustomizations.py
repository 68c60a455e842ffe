"""What a kustomization refers to elsewhere, turned into paths: a build then needs no network.

Every remote base becomes a path into the cache, also inside the bases; every file by its address becomes a
folder with that file; the charts of `helmCharts` are put where kustomize would have pulled them to.
"""

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from preflight.errors import ClusterError
from preflight.render import bases, charts, remotes
from preflight.render.bases import FILES, LISTS
from preflight.render.unavailable import UnavailableError

# Where kustomize takes a file, or YAML itself.
FILE_LISTS = ("patchesStrategicMerge", "transformers", "generators", "validators", "crds", "configurations")
HELM = "--enable-helm"


class OptionsUnknownError(UnavailableError):
    """It depends on kustomize.buildOptions of argocd-cm, and that is not known."""


@dataclass
class Localizer:
    """One start folder, and all that it refers to.

    options: what argocd-cm gives kustomize; None where it is not known
    """

    options: str | None
    seen: set[Path] = field(default_factory=set)

    def localize(self, start: Path) -> set[Path]:
        """All the folders referred to, whose files are changed in place: give it a copy.

        Raises UnavailableError for what cannot be had, ClusterError for what nobody can build.
        """
        pending = [start.resolve()]
        while pending:
            current = pending.pop()
            if current not in self.seen and current.is_dir():
                self.seen.add(current)
                pending.extend(self._one(current))
        return self.seen

    def _one(self, current: Path) -> list[Path]:
        """Rewrite one kustomization; the folders it refers to."""
        written = file(current)
        if written is None:
            return []
        content = read(written)
        changed = False
        found: list[Path] = []
        for key in LISTS:
            entries = content.get(key) or []
            for index, entry in enumerate(entries if isinstance(entries, list) else []):
                target = _target(current, str(entry))
                if target is not None:
                    entries[index], changed = os.path.relpath(target, current), True
                found.append((target or current / str(entry)).resolve())
        changed |= _files_beside(current, content)
        if content.get("helmCharts") or content.get("helmChartInflationGenerator"):
            self._charts(current, content)
        if changed:
            bases.replace(written, yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False))
        return found

    def _charts(self, current: Path, content: dict[str, Any]) -> None:
        """Where Helm is allowed, each chart that has a repository, where kustomize looks before it pulls."""
        if self.options is None:
            raise OptionsUnknownError(
                f"its helmCharts need {HELM} in kustomize.buildOptions of argocd-cm, which is not rendered"
            )
        if HELM not in self.options.split() and f"{HELM}=true" not in self.options.split():
            raise ClusterError(
                f"{current}: helmCharts need {HELM} in kustomize.buildOptions of argocd-cm; add it there"
            )
        home = current / str((content.get("helmGlobals") or {}).get("chartHome") or "charts")
        for told in content.get("helmCharts") or []:
            name, repository = str(told.get("name") or ""), str(told.get("repo") or "")
            version = str(told.get("version") or "")
            if repository:
                kept = charts.folder(charts.Chart(repository, name, version))
                place = (home / f"{name}-{version}" if version else home) / name
                if not place.exists():
                    shutil.copytree(kept, place)


def file(folder: Path) -> Path | None:
    """A folder's kustomization; None where it has none."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def read(written: Path) -> dict[str, Any]:
    """A kustomization's content. Raises ClusterError where it is no mapping."""
    try:
        content = yaml.load(written.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ClusterError(f"{written}{line}: no YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(content, dict):
        raise ClusterError(f"{written}: no mapping; a kustomization is `resources:` and the like")
    return content


def _target(current: Path, entry: str) -> Path | None:
    """Where a remote entry is kept; None where it is a path."""
    if "\n" in entry or (current / entry).exists():
        return None
    if remotes.file_url(entry):
        return _wrapped(entry)
    base = remotes.parse(entry)
    return bases.folder(base) / base.path if base else None


def _wrapped(url: str) -> Path:
    """A folder with nothing but the file: kustomize takes no file from outside, but any folder."""
    kept = bases.file(url)
    wrapper = kept.parent / FILES[0]
    if kept.name == wrapper.name:
        raise ClusterError(f"{url}: a kustomization by itself is no resource; name its folder")
    if not wrapper.is_file():
        bases.replace(wrapper, yaml.safe_dump({"resources": [kept.name]}))
    return kept.parent


def _files_beside(current: Path, content: dict[str, Any]) -> bool:
    """Files by their addresses in the lists of files, each copied to beside the kustomization."""
    places: list[tuple[Any, Any]] = []
    for key in FILE_LISTS:
        entries = content.get(key)
        places += [(entries, index) for index in range(len(entries))] if isinstance(entries, list) else []
    for key in ("patches", "replacements"):
        entries = content.get(key)
        for each in entries if isinstance(entries, list) else []:
            if isinstance(each, dict) and "path" in each:
                places.append((each, "path"))
    remote = [(holder, at) for holder, at in places if remotes.file_url(str(holder[at]))]
    for holder, at in remote:
        kept = bases.file(str(holder[at]))
        beside = current / f"{hashlib.sha256(str(holder[at]).encode()).hexdigest()[:12]}-{kept.name}"
        bases.replace(beside, kept.read_text(encoding="utf-8"))
        holder[at] = beside.name
    return bool(remote)
