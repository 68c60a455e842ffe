"""Where specifications of Pachyderm pipelines stand: in ConfigMaps of a render, and in files beside them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import yaml

from katib.experiment import value_at
from preflight.render.cluster import Render
from preflight.render.resources import Body, Place
from preflight.schemas.pachyderm import charts

FOLDER = "cluster-conf"
SUFFIXES = {".yaml", ".yml", ".json"}
# What a specification has. Two of the three make one, so that one of them may be misspelt.
TELLING = {"pipeline", "transform", "input"}
KEYS = re.compile(r'(?:^|[{,\[-])\s*"?(pipeline|transform|input)"?\s*:', re.MULTILINE)


@dataclass(frozen=True)
class Spec:
    """One specification.

    application: that whose ConfigMap holds it; the folder's where none does
    file: where it is written
    broken: why it cannot be read; empty where it can
    """

    application: str
    file: str
    body: Body
    broken: str = ""

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return str(value_at(self.body, "pipeline.name") or "without a name")

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

    @property
    def place(self) -> Place:
        """Where people find it."""
        return Place(self.application, f"pipeline {self.name}", self.file)


_FOUND: WeakKeyDictionary[Render, list[Spec]] = WeakKeyDictionary()


def specs(render: Render) -> list[Spec]:
    """Every specification of a render, once, in the file where a person wrote it."""
    if render not in _FOUND:
        _FOUND[render] = list(_find(render))
    return _FOUND[render]


def _find(render: Render) -> Iterator[Spec]:
    left = {
        file.relative_to(render.tree): text for file in _files(render.tree / FOLDER) if (text := _text(file))
    }
    for resource in render.of("ConfigMap"):
        for text in map(str, mapping(resource.body.get("data")).values()):
            file = next((file for file, other in left.items() if _same(text, other)), None)
            if file:
                del left[file]
            yield from _specs(resource.application, file.as_posix() if file else resource.origin.file, text)
    for file, text in left.items():
        yield from _specs(file.parts[1], file.as_posix(), text)


def _same(text: str, other: str) -> bool:
    """Whether two texts say the same; kustomize keeps a file's text, other tools write it anew."""
    try:
        return text == other or (bool(_read(text)) and _read(text) == _read(other))
    except yaml.YAMLError:
        return False


def _specs(application: str, file: str, text: str) -> Iterator[Spec]:
    try:
        yield from (Spec(application, file, body) for body in _read(text))
    except yaml.YAMLError as error:
        yield Spec(application, file, {}, " ".join(str(error).split())[:200])


def namespace(render: Render) -> str:
    """Where pachd is, and so its workers."""
    found = (
        str(value_at(application.body, "spec.destination.namespace")) for application, _ in charts(render)
    )
    return next(found, "pachyderm")


def mapping(written: Any) -> Body:
    """What is no mapping is as good as nothing; that it is none is for the schema to say."""
    return written if isinstance(written, dict) else {}


def _files(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.rglob("*") if file.suffix in SUFFIXES and "schemas" not in file.parts
    )


def _text(file: Path) -> str:
    """What a file holds, where that looks like a specification and is no object of Kubernetes."""
    text = file.read_text(encoding="utf-8")
    return text if _looks_like_one(text) and not re.search(r"^kind:", text, re.MULTILINE) else ""


def _looks_like_one(text: str) -> bool:
    return len({*KEYS.findall(text)}) > 1


@cache
def _read(text: str) -> tuple[Body, ...]:
    """The specifications in a text, which may hold several, or a list; none where it is something else.

    Raises yaml.YAMLError where it looks like one and cannot be read.
    """
    if not _looks_like_one(text):
        return ()
    documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    bodies = [
        body for document in documents for body in (document if isinstance(document, list) else [document])
    ]
    return tuple(body for body in bodies if isinstance(body, dict) and len(TELLING & body.keys()) > 1)
