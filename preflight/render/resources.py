"""One Kubernetes object of a render: what it is, which application brings it, which file it comes from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Body = Mapping[str, Any]
# Kubernetes' own: its groups, and its kinds that live in no namespace.
KUBERNETES: dict[str, list[str]] = yaml.safe_load(
    Path(__file__).with_name("kubernetes.yaml").read_text(encoding="utf-8")
)
WAVE = "argocd.argoproj.io/sync-wave"
NUMBER = re.compile(r"[-+]?[0-9]+")


@dataclass(frozen=True)
class Origin:
    """Where an object was written.

    file: a path of this repository, or `OWNER/NAME@TAG:path` of an upstream one
    upstream: whether other people wrote it; our patches do not change that
    """

    file: str
    upstream: bool


@dataclass(frozen=True)
class Place:
    """Where people find something: its application, what it is called, and the file it is written in."""

    application: str
    object: str
    file: str

    @property
    def place(self) -> "Place":
        """Itself, for what is no object."""
        return self


@dataclass(frozen=True)
class Resource:
    """An object as it would be applied, with the application it belongs to and the file it comes from."""

    application: str
    body: Body
    origin: Origin

    @property
    def api_version(self) -> str:
        """Group and version, `v1` in the core group."""
        return str(self.body.get("apiVersion", ""))

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        group, slash, _ = self.api_version.partition("/")
        return group if slash else ""

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.api_version.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """The kind, `Deployment`."""
        return str(self.body.get("kind", ""))

    @property
    def metadata(self) -> Body:
        """Its metadata, empty where there is none."""
        return _mapping(self.body.get("metadata"))

    @property
    def name(self) -> str:
        """Its name, or the beginning of one that the server completes."""
        return str(self.metadata.get("name") or self.metadata.get("generateName") or "")

    @property
    def namespace(self) -> str:
        """The namespace, empty where none is written or the kind has none."""
        return str(self.metadata.get("namespace") or "")

    @property
    def labels(self) -> Mapping[str, str]:
        """Its own labels."""
        return _mapping(self.metadata.get("labels"))

    @property
    def annotations(self) -> Mapping[str, str]:
        """Its own annotations."""
        return _mapping(self.metadata.get("annotations"))

    @property
    def spec(self) -> Body:
        """Its spec, empty where there is none."""
        return _mapping(self.body.get("spec"))

    @property
    def sync_wave(self) -> int:
        """The order within its application; 0 where it is no whole number, as Argo CD reads it."""
        written = str(self.annotations.get(WAVE, "0"))
        return int(written) if NUMBER.fullmatch(written) else 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies it on a cluster, whatever the version: group, kind, namespace, name."""
        return (self.group, self.kind, self.namespace, self.name)

    @property
    def place(self) -> Place:
        """Where people find it."""
        return Place(self.application, str(self), self.origin.file)

    def __str__(self) -> str:
        """`Kind namespace/name`, as people speak of it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def _mapping(written: Any) -> dict[str, Any]:
    """What is no mapping is as good as nothing; that it is none is for the schemas to say."""
    return written if isinstance(written, dict) else {}
