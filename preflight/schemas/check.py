"""Every object against the schema of its kind."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

from katib.experiment import TRIAL_FIELD
from katib.substitution import sample
from preflight.render.build_chart import KUBERNETES
from preflight.render.cluster import Render
from preflight.render.pods import PodTemplate, pod_templates
from preflight.render.resources import Body, Resource
from preflight.schemas import core, tables, violations
from preflight.schemas.suggest import did_you_mean
from preflight.schemas.violations import Violation

EXPERIMENT = ("kubeflow.org", "Experiment")


@dataclass(frozen=True)
class Judged:
    """What the schemas say of a render.

    violations: by rule, each with its object
    sound: the objects in which every mapping and list is one, so that more can be said of them
    typed: those in which every value is of its type as well
    """

    violations: dict[str, list[tuple[Resource, Violation]]]
    sound: list[Resource]
    typed: list[Resource]


_JUDGED: WeakKeyDictionary[Render, Judged] = WeakKeyDictionary()
_WELL_FORMED: WeakKeyDictionary[Render, Render] = WeakKeyDictionary()


def of_object(body: Body, tree: Path) -> Iterator[Violation]:
    """What the schema of its kind refuses in one object; `tree` is the repository, which holds the tables."""
    group, version, kind = group_version_kind(body)
    validator = violations.of_kind(tree / tables.FOLDER, group, version, kind)
    if validator is None:
        message = _unknown(tree, group, version, kind)
        yield Violation("schema-unknown-kind", "apiVersion", message, shape=True)
        return
    if group in core.groups() and not core.served(version):
        message = f"{version} is off unless --runtime-config names it; write a stable version, or none"
        yield Violation("schema-not-served", "apiVersion", message)
    yield from validator.violations(body)
    if group not in core.groups():
        for each in violations.of_core(core.META).violations(body.get("metadata") or {}):
            yield Violation(each.rule, f"metadata.{each.field}".rstrip("."), each.message, each.shape)


def with_trial(body: Body, tree: Path) -> list[Violation]:
    """What is refused in an object and, of an Experiment, in the object that each of its trials makes."""
    violated = list(of_object(body, tree))
    if group_version_kind(body)[::2] != EXPERIMENT or any(each.shape for each in violated):
        return violated
    trial = sample(body)
    for each in of_object(trial, tree) if isinstance(trial, dict) else ():
        field = f"{TRIAL_FIELD}.{each.field}".rstrip(".")
        violated.append(Violation(each.rule, field, each.message, each.shape))
    return violated


def group_version_kind(body: Body) -> tuple[str, str, str]:
    """What an object says it is."""
    group, slash, version = str(body.get("apiVersion", "")).rpartition("/")
    return (group if slash else "", version, str(body.get("kind", "")))


def judged(render: Render) -> Judged:
    """What the schemas say of a render; each is looked at once."""
    if render not in _JUDGED:
        made = Judged(defaultdict(list), [], [])
        for resource in render.resources:
            violated = with_trial(resource.body, render.tree)
            if not any(each.shape for each in violated):
                made.sound.append(resource)
            if not any(each.shape or each.rule == "schema-type" for each in violated):
                made.typed.append(resource)
            for each in violated:
                made.violations[each.rule].append((resource, each))
        _JUDGED[render] = made
    return _JUDGED[render]


def well_formed(render: Render) -> Render:
    """The render without the objects that have something of another type: other rules need not expect it."""
    typed = judged(render).typed
    if render not in _WELL_FORMED:
        _WELL_FORMED[render] = replace(render, resources=typed)
        _JUDGED[_WELL_FORMED[render]] = Judged({}, typed, typed)
    return _WELL_FORMED[render]


def sound_pods(render: Render) -> Iterator[PodTemplate]:
    """The pods that sound objects make."""
    return (pod for resource in sound(render) for pod in pod_templates(resource))


def sound(render: Render, *kinds: str) -> Iterator[Resource]:
    """The objects, of some kinds or of all, whose mappings and lists are what they should be."""
    return (resource for resource in judged(render).sound if not kinds or resource.kind in kinds)


def _unknown(tree: Path, group: str, version: str, kind: str) -> str:
    """Why there is no schema, and what to write."""
    named = f"{group}/{version} {kind}".removeprefix("/")
    if group in core.groups():
        return (
            f"Kubernetes {KUBERNETES.rpartition('.')[0]} serves no {named}{_core_hint(group, version, kind)}"
        )
    known = tables.known(tree / tables.FOLDER, group)
    served = sorted(version for each, version in known if each == kind)
    if served:
        return f"there is no {named}; {kind} has {', '.join(served)}"
    hint = did_you_mean(kind, {each for each, _version in known})
    return f"there is no schema of {named}{hint or '; install its CRD and run `preflight schemas`'}"


def _core_hint(group: str, version: str, kind: str) -> str:
    kinds = [known for known in core.kinds() if core.served(known[1])]
    same = sorted({f"{known[0]}/{known[1]}".removeprefix("/") for known in kinds if known[2] == kind})
    if same:
        return f"; write {' or '.join(same)}"
    return did_you_mean(kind, {known[2] for known in kinds if known[:2] == (group, version)})
