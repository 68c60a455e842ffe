"""This repository's own clusters, as far as they can be rendered here: nothing is wrong or left over."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from preflight import rules, waivers
from preflight.platform import image_lock
from preflight.platform.bringing import whole
from preflight.platform.declared_secrets import RequiredSecret, declared
from preflight.registry import Rule, ask
from preflight.render.applications import ROOT as ROOT_APPLICATION
from preflight.render.cluster import Render, Unchecked
from preflight.render.resources import Body
from preflight.validate import Report
from tests.preflight.conftest import ROOT, needs_kustomize, partial

pytestmark = needs_kustomize
CLUSTERS = ("gpu", "local")
# These look at one object, or at one folder, by itself.
ALONE = ("build-", "folder-", "katib-", "stale-pipeline", "schema-")
# It keeps a password for a person.
READ_BY_PEOPLE = {"login"}
WHOLE_SECRET = ("secretRef", "secret")


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_nothing_is_found(clean: dict[str, Report], cluster: str) -> None:
    assert clean[cluster].findings == []


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_all_that_needs_no_upstream_is_checked(clean: dict[str, Report], cluster: str) -> None:
    missing = {each.application for each in clean[cluster].unchecked}
    ours = {
        "burst",
        "ml-user",
        "mlflow",
        "model-classification",
        "model-segmentation",
        "namespaces",
        "notebook",
        "pachyderm",
        "retrain",
        "smoke",
    }
    assert missing & ours == set()


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_waiver_covers_something(clean: dict[str, Report], cluster: str) -> None:
    report = clean[cluster]
    wanted = 0 if partial(report) else len(waivers.load(ROOT, cluster))
    assert report.waived >= wanted
    assert waivers.UNUSED not in report.counts


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_whatever_is_not_rendered_nothing_that_is_seems_wrong(
    renders: dict[str, Render], cluster: str
) -> None:
    """Of the second cluster only what the first one does not have alike."""
    asked = [rule for rule in rules.every() if not rule.id.startswith(ALONE)]
    first, *_ = CLUSTERS
    alike = set() if cluster == first else same_in(renders[first], renders[cluster])
    for name in renders[cluster].applications.keys() - {ROOT_APPLICATION} - alike:
        assert found_without(renders[cluster], {name}, asked) == [], f"without {name}"
        others = renders[cluster].applications.keys() - {ROOT_APPLICATION, name}
        assert found_without(renders[cluster], others, asked) == [], f"with nothing but {name}"


def same_in(one: Render, other: Render) -> set[str]:
    """The applications that have the same objects in both."""
    return {
        name
        for name in one.applications.keys() & other.applications.keys()
        if bodies(one, name) == bodies(other, name)
    }


def bodies(render: Render, application: str) -> list[Body]:
    return [each.body for each in render.resources if each.application == application]


def found_without(render: Render, names: set[str], asked: list[Rule]) -> list[object]:
    """What is found where some applications, and the charts that they bring, could not be rendered."""
    gone = {each.name for each in render.applications.values() if {each.name, each.owner} & names}
    resources = [resource for resource in render.resources if resource.application not in gone]
    unchecked = [*render.unchecked, *(Unchecked(name, "left out by the test") for name in gone)]
    made = replace(render, resources=resources, unchecked=unchecked)
    judgement, _ = waivers.apply(ask(made, asked), waivers.load(ROOT, render.cluster), made)
    return [finding for finding in judgement.findings if finding.id != waivers.UNUSED]


def test_every_image_of_ours_is_built_and_used(renders: dict[str, Render]) -> None:
    stages = re.findall(r"(?m)^FROM .* AS (\S+)$", (ROOT / "Dockerfile").read_text())
    named = json.dumps([resource.body for render in renders.values() for resource in render.resources])
    for stage, reference in image_lock.locked(ROOT).items():
        assert stage in stages
        assert reference in named


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_secret_that_is_made_is_read(renders: dict[str, Render], cluster: str) -> None:
    for secret in declared(ROOT, cluster):
        if whole(renders[cluster], secret.namespace) and secret.name not in READ_BY_PEOPLE:
            assert unread(renders[cluster], secret) == set(), secret.name


def unread(render: Render, secret: RequiredSecret) -> set[str]:
    """The keys that nothing in the secret's namespace names."""
    bodies = [each.body for each in render.resources if each.namespace == secret.namespace]
    values = [value for body in bodies for value in _values(body)]
    entire = any(parent in WHOLE_SECRET and name == secret.name for parent, name in values)
    named = any(name == secret.name for _, name in values)
    words = {word for _, text in values for word in re.findall(r"[\w.-]+", text)}
    return set() if entire else set(secret.keys) - (words if named else set())


def _values(body: Body | list[Any] | object, parent: str = "") -> Iterator[tuple[str, str]]:
    """Every text in an object, with the name of the mapping that it stands in."""
    if isinstance(body, dict):
        for key, value in body.items():
            inside = parent if isinstance(value, str) else key
            yield from _values(value, inside)
    elif isinstance(body, list):
        for each in body:
            yield from _values(each, parent)
    elif isinstance(body, str):
        yield parent, body
