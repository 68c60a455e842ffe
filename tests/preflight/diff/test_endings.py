"""What becomes of applications and their objects when their name, set, project or destination changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from preflight.diff.compare import compare
from preflight.diff.dangers import Danger, dangers
from preflight.diff.markdown import markdown
from preflight.diff.summary import rows
from preflight.render.applications import ROOT, Application
from preflight.render.cluster import Render, Unchecked
from preflight.render.resources import Origin, Resource
from preflight.render.sources import Source
from tests.preflight.conftest import application

FINALIZERS = ["resources-finalizer.argocd.argoproj.io"]
KEPT = {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}
OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
    {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"}},
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kept", "namespace": "shop", "annotations": KEPT},
    },
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.org"},
    },
]


def a_set(name: str, *, annotations: dict[str, str] | None = None, **spec: object) -> dict[str, object]:
    metadata = {"name": name, "namespace": "argocd", "annotations": annotations or {}}
    template = {"metadata": {"finalizers": spec.pop("finalizers", FINALIZERS)}}
    body = {"template": template, **spec}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": metadata,
        "spec": body,
    }


def side(sets: list[dict[str, object]], *made: Application, objects: object = None) -> Render:
    """A render of sets, and of applications that each have the objects above."""
    root = Application(ROOT, -1, "platform", "argocd-apps/overlays/local", "argocd", ROOT, frozenset())
    resources = [Resource(ROOT, body, Origin("argocd-apps/base/sets.yaml", upstream=False)) for body in sets]
    for each in made:
        file = Origin(f"{each.path}/objects.yaml", upstream=False)
        resources += [Resource(each.name, body, file) for body in objects or OBJECTS]
    return Render("local", Path(), {each.name: each for each in (root, *made)}, resources)


def web(name: str = "web", **changes: object) -> Application:
    return application(name, path="cluster-conf/web/overlays/local", **changes)


def told(before: Render, after: Render, identifier: str) -> Danger:
    [found] = [each for each in dangers(compare(before, after)) if each.id == identifier]
    return found


PLATFORM = a_set("platform")


def test_a_name_of_the_template_deletes_every_application_with_its_objects() -> None:
    before, after = side([PLATFORM], web()), side([PLATFORM], web("web-local"))
    found = told(before, after, "application-renamed")
    assert (found.outcome, found.application) == ("removed", "web")
    for part in (
        "ApplicationSet platform names its applications otherwise",
        "Argo CD deletes the application and its objects, 3 of those known here",
        "the data of claims (shop/data)",
        "all that is in namespaces (shop)",
        "every object of the kinds of CRDs (widgets.example.org)",
        "kept by Delete=false: ConfigMap shop/kept",
        "made anew: web as web-local",
    ):
        assert part in found.message
    verbs = {str(each.resource): each.verb for each in compare(before, after).objects}
    assert verbs.pop("ConfigMap shop/kept") == "moved"
    assert set(verbs.values()) == {"recreated"}


def test_applications_that_one_set_renames_are_one_row() -> None:
    names = ("web", "store", "mail")
    before, after = (
        side(
            [PLATFORM],
            *(application(f"{n}{end}", path=f"cluster-conf/{n}/overlays/local") for n in names),
            objects=OBJECTS[:1],
        )
        for end in ("", "-local")
    )
    found = [each for each in dangers(compare(before, after)) if each.id == "application-renamed"]
    [row] = rows(found)
    assert row.objects == ("Application mail", "Application store", "Application web")
    assert "deletes 3 applications" in row.first.message
    assert "application-renamed" in markdown([(compare(before, after), found)], "a → b")


@pytest.mark.parametrize(
    ("of_set", "outcome", "words"),
    [
        (a_set("platform"), "removed", "is pruned, and its applications with it"),
        (a_set("platform", annotations=KEPT), "kept", "stays on the cluster as it was, kept by Prune=false"),
        (a_set("platform", finalizers=["other"]), "kept", "4 objects stay, owned by nobody"),
        (
            a_set("platform", finalizers=[], syncPolicy={"preserveResourcesOnDeletion": True}),
            "kept",
            "4 objects stay, owned by nobody",
        ),
        # The policy is the controller's; that the garbage collector follows the owner is not its business.
        (a_set("platform", syncPolicy={"applicationsSync": "create-only"}), "removed", "is pruned"),
    ],
)
def test_a_set_that_goes(of_set: dict[str, object], outcome: str, words: str) -> None:
    found = told(side([of_set], web()), side([]), "application-removed")
    assert (found.outcome.value, words in found.message) == (outcome, True), found.message


def test_a_set_of_another_name_waits_for_the_former_one_or_makes_all_anew() -> None:
    for annotations, outcome, words in (
        (KEPT, "stale", "is refused as long as the former owner is there"),
        ({}, "removed", "made anew: web of core"),
    ):
        before = side([a_set("platform", annotations=annotations)], web())
        found = told(before, side([a_set("core")], web(owner="core")), "application-owner")
        assert (found.outcome.value, words in found.message) == (outcome, True), found.message


@pytest.mark.parametrize(
    ("policy", "outcome"), [("sync", "removed"), ("create-delete", "removed"), ("create-update", "stale")]
)
def test_an_application_that_goes_from_set_to_set(policy: str, outcome: str) -> None:
    sets = [a_set("platform", syncPolicy={"applicationsSync": policy}), a_set("work")]
    found = told(side(sets, web()), side(sets, web(owner="work")), "application-owner")
    assert found.outcome == outcome
    assert "ApplicationSet platform leaves it to set work" in found.message


def test_an_application_of_a_folder_goes_with_the_one_that_holds_it() -> None:
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "chart", "namespace": "argocd", "finalizers": FINALIZERS},
    }
    held = Source("https://example.org/a/charts", "chart", "v1")
    sides = []
    for holder in (web(), web("web-local")):
        chart = replace(holder, name="chart", owner=holder.name, sources=(held,), made_by_set=False)
        made = side([PLATFORM], holder, objects=[body])
        own = Resource("chart", OBJECTS[1], Origin("a/charts@v1:chart", upstream=True))
        sides.append(
            replace(
                made, applications={**made.applications, "chart": chart}, resources=[*made.resources, own]
            )
        )
    found = told(sides[0], sides[1], "application-owner")
    assert (found.outcome.value, found.application) == ("removed", "chart")
    assert "the data of claims (shop/data)" in found.message


def test_another_cluster_is_not_looked_at_any_more() -> None:
    found = told(
        side([PLATFORM], web()), side([PLATFORM], web(server="https://b.example.org")), "destination-changed"
    )
    assert "its 4 objects stay on this cluster and run on, owned by nobody" in found.message


def test_another_destination_takes_what_names_no_namespace() -> None:
    bare = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}, *OBJECTS[2:3]]
    before = side([PLATFORM], web(namespace="shop"), objects=bare)
    after = side([PLATFORM], web(namespace="store"), objects=bare)
    found = told(before, after, "object-recreated")
    assert (found.object, found.message.split(":")[0]) == (
        "ConfigMap store/settings",
        "goes from namespace shop to store",
    )


def test_another_project_deletes_nothing_and_may_refuse() -> None:
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "core"}}
    before, after = side([PLATFORM], web()), side([PLATFORM, project], web(project="core"))
    assert told(before, after, "project-changed").outcome == "stale"
    assert told(before, side([PLATFORM], web(project="core")), "project-changed").outcome == "refused"


def test_where_the_root_or_the_set_is_not_rendered_nothing_is_said_to_end() -> None:
    before, after = side([PLATFORM], web()), side([PLATFORM])
    for name in (ROOT, "platform"):
        blind = replace(after, unchecked=[Unchecked(name, "broken")])
        assert not [each for each in dangers(compare(before, blind)) if each.id.startswith("application")]


def test_a_cluster_that_leaves_git_stays_as_it_is() -> None:
    ended = dangers(compare(side([PLATFORM], web()), Render("local", Path(), {}, [])))
    assert {each.outcome.value for each in ended if each.id == "application-removed"} == {"kept"}
