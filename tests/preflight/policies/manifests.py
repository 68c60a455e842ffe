"""The manifests of tests/manifests as renders: what is wrong in each, and where, stands in its first lines.

    # image-mutable: why it matters
    # at: Deployment work/web, spec.template.spec.containers[0].image   the finding, a line for each
    # and: plain-secret, Secret work/database, data.password            what another rule says of it too
    # in: cluster-conf/rbac-allowed.yaml                                where not in this file itself

    # services: what is sound about it
    # sound: service-without-pods, service-port-missing                 the rules that find nothing here

Before a document may stand which application brings it: `# application: early, wave 1, upstream`. All are
within a small sound cluster, valid/surroundings.yaml, whose objects they replace by name, and in the
repository `tree`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from preflight.render.applications import Application
from preflight.render.cluster import Render
from preflight.render.resources import Origin, Resource
from preflight.waivers import renamed

FOLDER = Path(__file__).parents[2] / "manifests"
TREE = Path(__file__).parent / "tree"
SURROUNDINGS = FOLDER / "valid" / "surroundings.yaml"
APPLICATION = re.compile(
    r"^# application: (?P<name>[\w-]+), wave (?P<wave>-?\d+)(?P<flags>.*)$", re.MULTILINE
)
AT = re.compile(r"^# at: (?P<object>[^,\n]+)(?:, (?P<field>.+))?$", re.MULTILINE)
AND = re.compile(r"^# and: (?P<rule>[^,]+), (?P<object>[^,\n]+)(?:, (?P<field>.+))?$", re.MULTILINE)
SOUND = re.compile(r"^# sound: (?P<rules>.+)$", re.MULTILINE)
IN = re.compile(r"^# in: (?P<file>.+)$", re.MULTILINE)
Expected = tuple[str, str, str, str]  # rule, object, file, field


@dataclass(frozen=True)
class Manifest:
    """A file of tests/manifests: the rules it is about, and the findings that there must be."""

    file: Path
    rules: tuple[str, ...]
    expected: frozenset[Expected]

    def __str__(self) -> str:
        return self.file.stem

    @property
    def render(self) -> Render:
        """Its objects, within the small cluster around them."""
        own = list(_documents(self.file, "app", 3))
        keys = {resource.key for _, resource in own}
        around = [each for each in _documents(SURROUNDINGS, "base", 0) if each[1].key not in keys]
        made = [*around, *own] if self.file != SURROUNDINGS else around or own
        applications = {each.name: each for each, _ in made}
        return Render("local", TREE, applications, [resource for _, resource in made])


def manifests(kind: str) -> list[Manifest]:
    """All of `valid` or `invalid`."""
    return [read(file) for file in sorted((FOLDER / kind).glob("*.yaml"))]


def read(file: Path) -> Manifest:
    """A file with what its first lines say of it."""
    text = file.read_text()
    sound = [rule for match in SOUND.finditer(text) for rule in match["rules"].split(", ")]
    rules = tuple(map(now, sound or [text.removeprefix("# ").partition(":")[0]]))
    told = IN.search(text)
    place = told["file"] if told else _path(file)
    own = {(rules[0], match["object"], place, match["field"] or "") for match in AT.finditer(text)}
    others = {
        (now(match["rule"]), match["object"], place, match["field"] or "") for match in AND.finditer(text)
    }
    return Manifest(file, rules, frozenset(own | others))


def now(rule: str) -> str:
    """A rule's id, also where it is written as it was before."""
    return renamed().get(rule, rule)


@cache
def _documents(file: Path, name: str, wave: int) -> list[tuple[Application, Resource]]:
    return list(_read(file, name, wave))


def _read(file: Path, name: str, wave: int) -> Iterator[tuple[Application, Resource]]:
    flags = ""
    for document in re.split(r"^---$", file.read_text(), flags=re.MULTILINE):
        told = APPLICATION.search(document)
        if told:
            name, wave, flags = told["name"], int(told["wave"]), told["flags"]
        body = yaml.safe_load(document)
        if body:
            options = frozenset() if "client-side" in flags else frozenset({"ServerSideApply=true"})
            into = re.search(r"into (\S+)", flags)
            namespace = into[1].removeprefix("nothing") if into else "work"
            path = f"cluster-conf/{name}/overlays/local"
            made = Application(name, wave, "platform", path, namespace, "work", options)
            yield made, Resource(name, body, Origin(_path(file), "upstream" in flags))


def _path(file: Path) -> str:
    return file.relative_to(FOLDER.parents[1]).as_posix()
