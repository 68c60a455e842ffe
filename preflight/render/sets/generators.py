"""A set's generators: each gives sets of parameters, of which every one becomes an application.

Source: Argo CD 3.5, applicationset/generators.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from preflight.render.gotemplate.collections import merged
from preflight.render.gotemplate.values import go_data, shown
from preflight.render.kubernetes_yaml import load_all
from preflight.render.selection import matches
from preflight.render.sets.errors import SetError, SetUnknownError
from preflight.render.sets.repository import Checkout, GitGenerator, _flat
from preflight.render.sets.substitution import Language, Params

# Who must be asked to know what they give.
ELSEWHERE = {
    "scmProvider": "a Git host's list of repositories",
    "pullRequest": "a Git host's list of pull requests",
    "clusterDecisionResource": "objects that a cluster holds",
    "plugin": "a plugin's own service",
}
KINDS = ("list", "clusters", "git", "matrix", "merge", *ELSEWHERE)
IN_CLUSTER = {
    "name": "in-cluster",
    "nameNormalized": "in-cluster",
    "server": "https://kubernetes.default.svc",
}
FEWEST = 2  # a matrix has as many, a merge at least


@dataclass(frozen=True)
class Generators:
    """How generators are read: the set's language, and where a repository is found."""

    language: Language
    checkout: Checkout

    def params(self, generator: Any, outer: Params | None = None) -> list[Params]:
        """What one generator gives; `outer` are a matrix' first parameters, of which its second may speak.

        Raises SetError and SetUnknownError.
        """
        name = kind(generator)
        if name in ELSEWHERE:
            raise SetUnknownError(f"its generator {name} reads {ELSEWHERE[name]}, which is not asked here")
        told = generator[name] or {}
        if outer:
            told = self._interpolated(told, outer)
        found = list(getattr(self, f"_{name}")(told))
        return [params for params in found if _selected(generator.get("selector"), params)]

    def _interpolated(self, told: Any, outer: Params) -> Any:
        """`values` that speak of what only this generator knows are left for it."""
        own = told.get("values") if isinstance(told, dict) else None
        if not isinstance(own, dict):
            return self.language.deep(told, outer)
        rest = self.language.deep({key: each for key, each in told.items() if key != "values"}, outer)
        strict = Language(self.language.go, ("missingkey=error",))
        return {**rest, "values": {key: _where_known(strict, str(each), outer) for key, each in own.items()}}

    def _list(self, told: Params) -> Iterator[Params]:
        for element in told.get("elements") or []:
            if not isinstance(element, dict):
                raise SetError("an element of its list is no mapping")
            yield go_data(element) if self.language.go else dict(_texts(element))
        for document in load_all(str(told.get("elementsYaml") or ""), "elementsYaml"):
            yield from (go_data(element) for element in document or [])

    def _clusters(self, told: Params) -> Iterator[Params]:
        """The cluster itself; others are Secrets of Argo CD's, which are not in Git."""
        selector = told.get("selector") or {}
        if selector.get("matchLabels") or selector.get("matchExpressions"):
            raise SetUnknownError("its generator clusters selects by labels of Secrets, which are not in Git")
        params: Params = {**IN_CLUSTER, "project": ""}
        self.language.values(told.get("values"), params)
        yield {"clusters": [params]} if told.get("flatList") else params

    def _git(self, told: Params) -> list[Params]:
        return GitGenerator(told, self.language, self.checkout).params()

    def _matrix(self, told: Params) -> Iterator[Params]:
        generators = told.get("generators") or []
        if len(generators) != FEWEST:
            raise SetError(f"its matrix has {len(generators)} generators; it takes two")
        for one in self.params(generators[0]):
            for other in self.params(generators[1], one):
                yield self._both(one, other)

    def _both(self, one: Params, other: Params) -> Params:
        if self.language.go:
            return merged(deepcopy(other), deepcopy(one), over=True)
        for key in one.keys() & other.keys():
            if shown(one[key]) != shown(other[key]):
                raise SetError(f"both generators of its matrix give {key}: {one[key]} and {other[key]}")
        return {**one, **other}

    def _merge(self, told: Params) -> list[Params]:
        generators, keys = told.get("generators") or [], list(map(str, told.get("mergeKeys") or []))
        if len(generators) < FEWEST or not keys:
            raise SetError("its merge needs two generators or more, and mergeKeys")
        base, *others = [_by_keys(self.params(each), keys) for each in generators]
        for other in others:
            for key in base.keys() & other.keys():
                if self.language.go:
                    merged(base[key], deepcopy(other[key]), over=True)
                else:
                    base[key].update(other[key])
        return list(base.values())


def kind(generator: Any) -> str:
    """The generator's own name."""
    names = [name for name in KINDS if isinstance(generator, dict) and generator.get(name) is not None]
    if len(names) != 1:
        there = ", ".join(map(str, generator)) if isinstance(generator, dict) else "nothing"
        raise SetError(f"a generator is one of {', '.join(KINDS)}; there is {there or 'nothing'}")
    return names[0]


def _where_known(language: Language, written: str, params: Params) -> str:
    try:
        return language.text(written, params)
    except SetError:
        return written


def _texts(element: Params) -> Iterator[tuple[str, str]]:
    """Without Go templates a list has texts alone, and those of `values` by dotted names."""
    for key, value in element.items():
        pairs = {f"values.{name}": each for name, each in value.items()} if key == "values" else {key: value}
        for name, each in pairs.items():
            if not isinstance(each, str):
                raise SetError(
                    f"its list's {name} is {shown(go_data(each))}, no text; goTemplate: true takes it"
                )
            yield name, each


def _by_keys(found: list[Params], keys: list[str]) -> dict[str, Params]:
    sets: dict[str, Params] = {}
    for params in found:
        key = json.dumps({each: params.get(each) for each in keys}, sort_keys=True)
        if key in sets:
            raise SetError(f"its merge has two sets of parameters with {key}")
        sets[key] = deepcopy(params)
    return sets


def _selected(selector: Any, params: Params) -> bool:

    return not selector or matches(selector, _flat(params))
