"""Where a part of the cluster is not rendered, nothing is said to be missing, and that is told."""

from dataclasses import replace

import pytest

from preflight.platform.bringing import whole
from preflight.registry import ask, run
from preflight.render.cluster import Render, Unchecked
from preflight.render.resources import Origin, Resource
from preflight.rules.security import image_versions
from tests.preflight.cases import CLUSTER, TREE, case, wrong
from tests.preflight.conftest import application
from tests.preflight.test_cases import judges

EVERY = judges("policies")

MISSING = (
    "crd-order",
    "dangling-gateway",
    "dangling-servicemonitor",
    "non-existent-namespace",
    "non-existent-role",
    "dangling-reference",
    "dangling-route",
    "dangling-horizontalpodautoscaler",
    "dangling-selector",
    "unusable-store",
    "dangling-webhook",
)


def of(identifier: str) -> list[Render]:
    """The cases of a rule."""
    return [each.render for each in wrong() if each.rule == identifier]


@pytest.mark.parametrize("identifier", MISSING)
def test_what_seems_to_be_missing_may_be_in_what_is_not_rendered(identifier: str) -> None:
    renders = of(identifier)
    partial = [replace(each, unchecked=[Unchecked("istio", "not in the cache")]) for each in renders]
    before, after = (
        [each for render in those for each in run(render, EVERY) if each.id == identifier]
        for those in (renders, partial)
    )
    assert len(after) < len(before)


@pytest.mark.parametrize(
    ("missing", "judged"), [([], True), (["web"], False), (["istio"], True), (["unheard-of"], False)]
)
def test_a_namespace_is_judged_unless_what_is_missing_may_write_into_it(
    missing: list[str], judged: bool
) -> None:
    """`web` is of a project that may write into `work`, and `istio` of one that may not."""
    projects = [project("people", "work"), project("mesh", "istio-*")]
    applications = {
        "web": application("web", project="people"),
        "istio": application("istio", project="mesh"),
    }
    render = Render("local", TREE, applications, projects, [Unchecked(name, "gone") for name in missing])
    assert whole(render, "work") is judged


def project(name: str, namespace: str) -> Resource:
    """An AppProject with one destination."""
    spec = {"destinations": [{"server": "https://kubernetes.default.svc", "namespace": namespace}]}
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name}}
    return Resource("root", {**body, "spec": spec}, Origin("argocd-apps/base/projects.yaml", upstream=False))


def test_what_is_not_judged_is_named_with_its_reason() -> None:
    render = case("dangling-route").render
    partial = replace(render, unchecked=[Unchecked("istio", "not in the cache")])
    found = ask(render, EVERY).findings
    told = ask(partial, EVERY)
    routes = [each for each in told.not_judged if each.finding.id == "dangling-route"]
    assert routes
    assert {each.finding for each in routes} <= set(found)
    assert {each.because for each in routes} == {(Unchecked("istio", "not in the cache"),)}
    assert set(told.findings) | {each.finding for each in told.not_judged} == set(found)


OWN = (
    "privileged-container",
    "mutable-image-tag",
    "unset-resource-requirements",
    "run-as-non-root",
    "no-liveness-or-readiness-probe",
    "plaintext-secret",
)


@pytest.mark.parametrize("identifier", OWN)
def test_what_an_object_is_by_itself_is_always_judged(identifier: str) -> None:
    render = of(identifier)[0]
    partial = replace(render, unchecked=[Unchecked("root", "broken")])
    before, after = ([each for each in run(r, EVERY) if each.id == identifier] for r in (render, partial))
    assert before
    assert before == after


def test_an_image_of_ours_without_a_digest_is_not_finished_and_nothing_more() -> None:
    assert list(image_versions.pending(case(CLUSTER).render)) == []
    render = case("image-train-sound").render
    [note] = image_versions.pending(render)
    assert note.application == "images.lock"
    assert note.reason.startswith("ghcr.io/example/images-train:0.1.0 has no digest yet; ")
