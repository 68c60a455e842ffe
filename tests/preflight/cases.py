"""The cases of tests/manifests, in the form that its README explains: rule, base, change, what is expected.

Most stand in a small sound cluster, where an object is named as findings name it, `Deployment work/web`;
those with the base `repository` change files of this repository: see faults.py.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator

from preflight.render.applications import Application
from preflight.render.cluster import Render
from preflight.render.resources import Body, Origin, Resource
from tests.preflight.changes import PlaceError, change

FOLDER = Path(__file__).parents[1] / "manifests"
TREE = Path(__file__).parent / "tree"
CLUSTER = "small-cluster"
REPOSITORY = "repository"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Where = str  # an object of the small cluster; `FILE`, or `FILE#Kind name`, of the repository
Places = list[tuple[str, str, str, str]]  # rule, object, file, field


class Strict(BaseModel):
    """A misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Brought(Strict):
    """The application that brings what is added: its wave, whether it is upstream's, how it is applied."""

    wave: int = 3
    upstream: bool = False
    namespace: str = "work"
    server_side: bool = True


class Expected(Strict):
    """A finding, without its message, or what Argo CD is to think of an object's health.

    rule: the case's own where none is named
    object: that of the expectation before where none is named
    file: where the object is written, for what is none as in the expectation before; in the repository the
        first file that is changed, or a pattern
    application: in the repository that of the file's folder
    offline: whether it is found too where no base of an upstream could be had
    """

    rule: str = ""
    object: str = ""
    field: str = ""
    file: str = ""
    application: str | None = None
    offline: bool = True
    health: str = ""


class Case(Strict):
    """One case; tests/manifests/README.md says what each key is for."""

    name: str
    why: str
    rule: str = ""
    rules: tuple[str, ...] = ()
    base: str = CLUSTER
    applications: Mapping[str, Brought] = {}
    set: Mapping[Where, Mapping[str, Any]] = {}
    remove: Mapping[Where, tuple[str, ...]] = {}
    add: Mapping[str, tuple[Mapping[str, Any], ...]] = {}
    expect: tuple[Expected, ...] = ()
    whole: bool = False
    on_cluster: str | None = None
    table: str = ""

    def __str__(self) -> str:
        return self.name

    @model_validator(mode="after")
    def _wrong_or_sound(self) -> Self:
        own = [each for each in self.expect if not each.rule and not each.health]
        assert bool(self.rule) == bool(own), f"{self.name}: a rule, and what it finds"
        assert not self.expect or self.expect[0].object, (
            f"{self.name}: the first expectation names its object"
        )
        assert not (self.rules and self.expect), f"{self.name}: `rules` find nothing: take `rule`"
        return self

    @property
    def in_repository(self) -> bool:
        """Whether it changes files of this repository."""
        return self.base == REPOSITORY or (self.base != self.name and case(self.base).in_repository)

    @property
    def expected(self) -> list[Expected]:
        """What is expected, each with its rule and its object."""
        made: list[Expected] = []
        for each in self.expect:
            own = {"rule": each.rule or self.rule, "object": each.object or made[-1].object}
            made.append(each.model_copy(update=own))
        return made

    @property
    def places(self) -> Places:
        """The findings that there must be in the small cluster, and no other."""
        files = {str(each): each.origin.file for each in self.render.resources}
        made: Places = []
        for each in self.expected:
            file = each.file or files.get(each.object) or (made[-1][2] if made else "of no object")
            made.append((each.rule, each.object, file, each.field))
        return made

    @property
    def render(self) -> Render:
        """The small cluster as the case has it."""
        items = state(self.name)
        applications = {each.application: _application(each) for each in items}
        return Render("local", TREE, applications, [each.resource for each in items])

    @property
    def own(self) -> list[Resource]:
        """The objects that are not as in the small cluster."""
        around = [each.resource.body for each in state(CLUSTER)]
        return [each for each in self.render.resources if each.body not in around]

    def state(self) -> list["Item"]:
        """The base's objects, changed, and those added; one of the same name takes an object's place."""
        items = [] if self.base == self.name else list(state(self.base))
        for where in {*self.set, *self.remove} - {str(each.resource) for each in items}:
            _missing(self, where)
        kept = [self._changed(each) for each in items if self.remove.get(str(each.resource)) != ()]
        added = list(self._added(kept))
        keys = {each.resource.key for each in added}
        return [*(each for each in kept if each.resource.key not in keys), *added]

    def _changed(self, item: "Item") -> "Item":
        where = str(item.resource)
        if where not in self.set and where not in self.remove:
            return item
        body = copy.deepcopy(item.body)
        change(body, self.set.get(where, {}), self.remove.get(where, ()))
        return replace(item, body=body)

    def _added(self, items: list["Item"]) -> Iterator["Item"]:
        told = {item.application: item.brought for item in items}
        known = list(items)
        for application, bodies in self.add.items():
            brought = self.applications.get(application) or told.get(application) or Brought()
            for body in bodies:
                made = Item(application, brought, _like(self, body, known))
                known.append(made)
                yield made


@dataclass(frozen=True)
class Item:
    """An object of the small cluster, and the application that brings it."""

    application: str
    brought: Brought
    body: dict[str, Any]

    @cached_property
    def resource(self) -> Resource:
        """It as a render has it, in a file of its own."""
        made = Resource(self.application, self.body, Origin("", self.brought.upstream))
        name = "-".join(filter(None, [made.kind, made.namespace, made.name])).lower()
        file = f"cluster-conf/{self.application}/base/{name}.yaml"
        return Resource(self.application, self.body, Origin(file, self.brought.upstream))


def _missing(case_: Case, where: str) -> list[Item]:
    raise PlaceError(f"{case_.table}.yaml: {case_.name}: there is no {where}")


def _like(case_: Case, body: Body, known: list[Item]) -> dict[str, Any]:
    """A body as it is written, or one that is like another but for what is said of it."""
    if "like" not in body:
        return copy.deepcopy(dict(body))
    other, _, name = str(body["like"]).rpartition("#")
    among = state(other) if other else known
    (source,) = [each for each in among if str(each.resource) == name] or _missing(case_, name)
    made = copy.deepcopy(source.body)
    change(made, body.get("set", {}), body.get("remove", ()))
    return made


def _application(item: Item) -> Application:
    brought, name = item.brought, item.application
    options = frozenset({"ServerSideApply=true"}) if brought.server_side else frozenset()
    path = f"cluster-conf/{name}/overlays/local"
    return Application(name, brought.wave, "platform", path, brought.namespace, "work", options)


@cache
def cases() -> dict[str, Case]:
    """Every case of every table, by name."""
    made: dict[str, Case] = {}
    for file in sorted(FOLDER.glob("*.yaml")) + sorted(FOLDER.glob("health/*.yaml")):
        for told in TypeAdapter(list[dict[str, Any]]).validate_python(yaml.load(file.read_text(), LOADER)):
            each = Case(**told, table=file.stem)
            assert each.name not in made, f"{file.name}: {each.name} is a name of {made[each.name].table} too"
            made[each.name] = each
    return made


def case(name: str) -> Case:
    """A case by its name."""
    return cases()[name]


@cache
def state(name: str) -> tuple[Item, ...]:
    """The objects of a case's small cluster; nobody changes them."""
    return tuple(case(name).state())


def wrong() -> list[Case]:
    """Those in the small cluster of which a rule finds something."""
    return [each for each in cases().values() if each.rule and not each.in_repository]


def sound() -> list[Case]:
    """Those in the small cluster of which no rule finds anything."""
    return [
        each
        for each in cases().values()
        if not each.in_repository and not any(expected.rule or expected.health for expected in each.expected)
    ]
