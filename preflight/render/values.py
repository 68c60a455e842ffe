"""What an application's `helm:` gives to Helm, in Argo CD's order of precedence.

Values files in their order, then `valuesObject` or `values`, then `parameters` and `fileParameters`.
Source: helmTemplate and getResolvedValueFiles in reposerver/repository/repository.go.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from preflight.errors import ClusterError
from preflight.render import bases, helm
from preflight.render.environment import Environment

GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Place:
    """A chart's folder, and the root of the repository that it is in."""

    chart: Path
    root: Path


@dataclass(frozen=True)
class HelmSource:
    """An application's `helm:` with what it is about.

    referenced: the root of the source that has a name, for `$name/…`; None where none has it
    written: where `values` may be written to
    """

    told: dict[str, Any]
    place: Place
    environment: Environment
    referenced: Callable[[str], Path | None]
    written: Path

    def options(self, release: str, namespace: str, kubernetes: str) -> helm.Options:
        """All that Helm is told. Raises ClusterError for a file that is not there."""
        told = self.told
        return helm.Options(
            release=str(told.get("releaseName") or release),
            namespace=str(told.get("namespace") or namespace),
            kubernetes=str(told.get("kubeVersion") or kubernetes),
            apis=tuple(map(str, told.get("apiVersions") or [])),
            files=(*self._files(), *self._inline()),
            sets=tuple(self._sets()),
            skip_crds=bool(told.get("skipCrds")),
            skip_tests=bool(told.get("skipTests")),
            skip_schema=bool(told.get("skipSchemaValidation")),
        )

    def _inline(self) -> Iterator[str]:
        """`valuesObject`, and `values` only where that is not there, as one more file."""
        held = self.told.get("valuesObject")
        text = str(self.told.get("values") or "") if held is None else yaml.safe_dump(held, sort_keys=False)
        if text:
            self.written.parent.mkdir(parents=True, exist_ok=True)
            self.written.write_text(text, encoding="utf-8")
            yield str(self.written)

    def _sets(self) -> Iterator[tuple[str, str]]:
        for each in self.told.get("parameters") or []:
            option = "--set-string" if each.get("forceString") else "--set"
            yield (
                option,
                f"{each.get('name')}={_escaped(self.environment.put_into(str(each.get('value', ''))))}",
            )
        for each in self.told.get("fileParameters") or []:
            path = self._resolved(str(each.get("path") or ""))
            yield "--set-file", f"{each.get('name')}={_escaped(str(path))}"

    def _files(self) -> list[str]:
        """The files of values; one that a glob finds and a later entry names stands where it is named."""
        named = [(each, self._resolved(str(each))) for each in self.told.get("valueFiles") or []]
        alone = {path for _, path in named if not GLOB.search(path)}
        found: dict[str, None] = {}
        for entry, path in named:
            if GLOB.search(path):
                matches = [each for each in _matching(path) if each not in alone]
                self._there(bool(matches) or bool(_matching(path)), entry, "no file is called so")
                found.update(dict.fromkeys(matches))
            elif self._there(Path(path).is_file(), entry, "no such file"):
                found[path] = None
        return list(found)

    def _there(self, there: bool, entry: Any, trouble: str) -> bool:
        if not there and not self.told.get("ignoreMissingValueFiles"):
            raise ClusterError(f"helm.valueFiles: {entry}: {trouble}; fix it, or set ignoreMissingValueFiles")
        return there

    def _resolved(self, entry: str) -> str:
        """A file's path: of a named source, by its address, of the repository's root, or of the chart."""
        name, _, rest = entry.partition("/")
        root = self.referenced(name[1:]) if name.startswith("$") else None
        if name.startswith("$") and root is None and not self.environment.knows(name):
            raise ClusterError(f"helm: {entry}: no source of the application has `ref: {name[1:]}`; add one")
        inside = root or self.place.root
        written = self.environment.put_into(rest if root else entry)
        if not root and urlsplit(written).scheme in {"http", "https"}:
            return str(bases.file(written))
        start = inside if root or written.startswith("/") else self.place.chart
        path = (start / written.lstrip("/")).resolve()
        if not path.is_relative_to(inside.resolve()):
            raise ClusterError(f"helm: {entry}: it is outside of its repository")
        return str(path)


def _matching(pattern: str) -> list[str]:
    """The files of a pattern, in order; two stars cross folders."""
    fixed = Path(GLOB.split(pattern)[0].rpartition("/")[0])
    return sorted(str(each) for each in fixed.glob(pattern.removeprefix(f"{fixed}/")) if each.is_file())


def _escaped(value: str) -> str:
    """A comma is part of the value, unless the value is a list in braces.

    Source: cleanSetParameters in util/helm/cmd.go.
    """
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)
