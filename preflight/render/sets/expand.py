"""A set with all that it makes: an Application for each of its generators' sets of parameters.

Source: Argo CD 3.5, applicationset/controllers/template.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from preflight.errors import ClusterError
from preflight.render.gotemplate.collections import merged
from preflight.render.kubernetes_yaml import load_all
from preflight.render.merge_patch import merge_patch
from preflight.render.resources import Resource
from preflight.render.sets.errors import SetError, SetUnknownError
from preflight.render.sets.generators import Generators, kind
from preflight.render.sets.repository import Checkout
from preflight.render.sets.substitution import Language, Params

FINALIZER = "resources-finalizer.argocd.argoproj.io"


@dataclass(frozen=True)
class Told:
    """Something about a set, and the field that it is about."""

    field: str
    message: str


@dataclass
class Expansion:
    """What a set makes.

    applications: the Applications, as the controller would write them
    refused: why the controller would change nothing; unknown: what cannot be told here
    """

    source: Resource
    applications: list[Params] = field(default_factory=list)
    refused: list[Told] = field(default_factory=list)
    unknown: list[Told] = field(default_factory=list)


def expand(source: Resource, checkout: Checkout) -> Expansion:
    """Evaluate a set: one broken generator or element hides none of the others. Never raises."""
    found = Expansion(source)
    spec = deepcopy(dict(source.spec))
    with_generators = Generators(Language.of(spec), checkout)
    for at, generator in enumerate(spec.get("generators") or []):
        place = f"spec.generators[{at}]"
        for params in _tried(found, place, partial(with_generators.params, generator)) or []:
            made = _tried(found, "spec.template", partial(_application, source, generator, params))
            found.applications += [made] if made else []
    if not spec.get("generators"):
        found.refused.append(Told("spec.generators", "it has no generator, so it makes nothing"))
    return found


def _tried(found: Expansion, place: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except SetUnknownError as error:
        _tell(found.unknown, place, str(error))
    except (SetError, ClusterError) as error:
        list_ = found.refused if isinstance(error, SetError) else found.unknown
        _tell(list_, place, str(error))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        _tell(found.refused, place, f"it is not of its kind's shape ({error}); the schemas say where")
    return None


def _tell(told: list[Told], place: str, message: str) -> None:
    """Once: every element of a list may lack the same key."""
    if Told(place, message) not in told:
        told.append(Told(place, message))


def _application(source: Resource, generator: Params, params: Params) -> Params:
    spec = source.spec
    language = Language.of(dict(spec))
    own = (generator[kind(generator)] or {}).get("template") or {}
    template = _merged_template(deepcopy(own), spec.get("template") or {})
    made: Params = language.deep(template, params) if params else template
    if spec.get("templatePatch"):
        made = _patched(made, language.text(str(spec["templatePatch"]), params))
    metadata = {**(made.get("metadata") or {}), "namespace": source.namespace}
    if not (metadata.get("finalizers") or (spec.get("syncPolicy") or {}).get("preserveResourcesOnDeletion")):
        metadata["finalizers"] = [FINALIZER]
    return {**made, "apiVersion": source.api_version, "kind": "Application", "metadata": metadata}


def _merged_template(own: Params, common: Any) -> Params:
    """A generator's own template wins; values for a chart are one thing, and are not mixed."""
    merged(own, deepcopy(common))
    return own


def _patched(made: Params, text: str) -> Params:
    documents = load_all(text, "spec.templatePatch")
    patch = documents[0] if documents else None
    if not isinstance(patch, dict):
        raise SetError("spec.templatePatch: what is left of it is no mapping")
    if "$patch" in json.dumps(patch):
        raise SetUnknownError("spec.templatePatch: its $patch directives are not evaluated here")
    project = (made.get("spec") or {}).get("project")
    patched: Params = merge_patch(made, patch)  # strategic, of a kind without merge keys
    patched.setdefault("spec", {})["project"] = project  # which a patch never changes
    return patched


def names(found: Expansion) -> Iterator[str]:
    """The names of what a set makes; empty where it gives none."""
    for application in found.applications:
        yield str((application.get("metadata") or {}).get("name") or "")
