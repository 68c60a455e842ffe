"""An application's sources: from which repository, which folder or chart, and what it is told besides.

Source: Argo CD 3.5, ApplicationSource in pkg/apis/application/v1alpha1/types.go.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from preflight.render.resources import Body

OCI = "oci://"
TOOLS = ("helm", "kustomize", "directory", "plugin")
SSH = re.compile(r"^(?:ssh://)?(?:[\w.-]+@)?([\w.-]+):(?!//|\d+/)(.+)$")


@dataclass(frozen=True)
class Source:
    """One source.

    url: its repository; chart: the chart's name in a Helm repository, empty for Git
    name: what other sources call it, in `$name/path`; ours: whether it is this repository
    told: the source as it is written, with `helm`, `kustomize`, `directory` or `plugin`
    """

    url: str
    path: str = ""
    ref: str = ""
    chart: str = ""
    name: str = ""
    ours: bool = False
    told: Body = field(default_factory=dict)

    @property
    def is_oci(self) -> bool:
        """Whether a registry has it: `oci://…`, or a chart at a host without a scheme."""
        return self.url.startswith(OCI) or bool(self.chart and "://" not in self.url)

    @property
    def only_named(self) -> bool:
        """Whether it brings nothing itself: others read their values from it."""
        return bool(self.name) and not (self.path or self.chart)

    @property
    def tools(self) -> list[str]:
        """What it is told to be built with; more than one is an error."""
        return [tool for tool in TOOLS if self.told.get(tool) is not None]

    def told_of(self, tool: str) -> dict[str, Any]:
        """What one of the tools is told, empty where nothing is."""
        told = self.told.get(tool)
        return dict(told) if isinstance(told, dict) else {}

    def __str__(self) -> str:
        """As people name it."""
        what = f"chart {self.chart}" if self.chart else self.path or "its root"
        return f"{what} of {self.url} at {self.ref or 'HEAD'}"


def sources(spec: Body, own: "Own") -> tuple[Source, ...]:
    """Those of an Application's spec."""
    written = spec.get("sources") or [spec.get("source") or {}]
    return tuple(_source(each, own) for each in written if isinstance(each, dict) and each)


@dataclass(frozen=True)
class Own:
    """Where Argo CD reads this repository: its addresses, and the revision."""

    urls: frozenset[str] = frozenset()
    revision: str = ""

    def has(self, url: str) -> bool:
        """Whether an address is this repository's."""
        return normalized(url) in self.urls

    def is_at(self, revision: str) -> bool:
        """Whether a revision is the one that is looked at."""
        return revision in {"", "HEAD", self.revision} or not self.revision


def normalized(url: str) -> str:
    """An address by what it leads to: neither case, nor `.git`, nor the way in matters."""
    plain = url.strip().lower().removesuffix("/").removesuffix(".git")
    match = SSH.match(plain) if "://" not in plain or plain.startswith("ssh://") else None
    return (
        f"{match[1]}/{match[2].strip('/')}"
        if match
        else re.sub(r"^(?:https?|ssh|git)://(?:[^/@]+@)?", "", plain)
    )


def _source(told: Body, own: Own) -> Source:
    url = str(told.get("repoURL") or "")
    return Source(
        url=url,
        path=str(told.get("path") or "").strip("/").removeprefix("./"),
        ref=str(told.get("targetRevision") or ""),
        chart=str(told.get("chart") or ""),
        name=str(told.get("ref") or ""),
        ours=own.has(url) and not told.get("chart"),
        told=told,
    )
