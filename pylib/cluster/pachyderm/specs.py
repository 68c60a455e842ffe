"""Where specifications of Pachyderm pipelines stand: in ConfigMaps of a render, and in files beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pylib.cluster.findings import Finding
from pylib.cluster.pachyderm.table import charts
from pylib.cluster.pods import dig
from pylib.cluster.render import Render
from pylib.cluster.resources import Body

FOLDER = "cluster-conf"
SUFFIXES = {".yaml", ".yml", ".json"}
# What a specification has. Two of the three make one, so that one of them may be misspelt.
TELLING = {"pipeline", "transform", "input"}


@dataclass(frozen=True)
class Spec:
    """One specification.

    application: that whose ConfigMap holds it; the folder's where none does
    file: where it is written
    """

    application: str
    file: str
    body: Body

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return str(dig(self.body, "pipeline.name") or "without a name")

    @property
    def transform(self) -> Body:
        """What its worker runs."""
        return mapping(self.body.get("transform"))

    @property
    def pfs(self) -> Body:
        """Its input, where that is one repository."""
        return mapping(mapping(self.body.get("input")).get("pfs"))

    @property
    def command(self) -> list[str]:
        """What is run for each datum."""
        written = self.transform.get("cmd")
        return [str(word) for word in written] if isinstance(written, list) else []

    def found(self, identifier: str, field: str, message: str) -> Finding:
        """A finding on it."""
        return Finding(identifier, self.application, f"pipeline {self.name}", self.file, field, message)


def specs(render: Render) -> Iterator[Spec]:
    """Every specification of a render, once, in the file where a person wrote it."""
    written = {file: body for file in _files(render.tree / FOLDER) for body in _read(file.read_text())}
    seen: list[Body] = []
    for resource in render.of("ConfigMap"):
        for text in mapping(resource.body.get("data")).values():
            for body in _read(str(text)):
                file = next((file for file, same in written.items() if same == body), None)
                place = file.relative_to(render.tree).as_posix() if file else resource.origin.file
                seen.append(body)
                yield Spec(resource.application, place, body)
    for file, body in written.items():
        if body not in seen:
            path = file.relative_to(render.tree)
            yield Spec(path.parts[1], path.as_posix(), body)


def namespace(render: Render) -> str:
    """Where pachd is, and so its workers."""
    found = (str(dig(application.body, "spec.destination.namespace")) for application, _ in charts(render))
    return next(found, "pachyderm")


def mapping(written: Any) -> Body:
    """What is no mapping is as good as nothing; that it is none is for the schema to say."""
    return written if isinstance(written, dict) else {}


def _files(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.rglob("*") if file.suffix in SUFFIXES and "schemas" not in file.parts
    )


@cache
def _read(text: str) -> tuple[Body, ...]:
    """The specifications in a text, which may hold several, or a list; none where it is something else."""
    if sum(word in text for word in TELLING) < 2:  # noqa: PLR2004
        return ()
    try:
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError):
        return ()
    each = [
        body for document in documents for body in (document if isinstance(document, list) else [document])
    ]
    return tuple(
        body
        for body in each
        if isinstance(body, dict) and "kind" not in body and len(TELLING & body.keys()) > 1
    )
