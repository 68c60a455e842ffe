"""Every danger: one change that must be told, with its outcome and field, and what must not be."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from preflight.diff.compare import HIDDEN, compare
from preflight.diff.dangers import RULES, Danger, dangers
from preflight.render.cluster import Render
from preflight.render.resources import Origin
from tests.preflight.conftest import application
from tests.preflight.diff.dangerous_changes import CASES, KEPT, RBAC, ROLE, STATEFUL, thing, workload

RenderOf = Callable[..., Render]

# They need more than one object.
ELSEWHERE = {
    "application-owner",
    "application-removed",
    "application-renamed",
    "destination-changed",
    "namespace-renamed",
    "object-moved",
    "project-changed",
}


@pytest.fixture
def found(render_of: RenderOf) -> Callable[[str, str], list[Danger]]:
    return lambda before, after: dangers(compare(render_of(before), render_of(after)))


@pytest.mark.parametrize(("identifier", "outcome", "field", "before", "after"), CASES)
def test_a_dangerous_change_is_flagged(
    found: Callable[..., list[Danger]], identifier: str, outcome: str, field: str, before: str, after: str
) -> None:
    told = [(each.id, each.outcome.value, each.field) for each in found(before, after)]
    assert any((each[0], each[1]) == (identifier, outcome) and each[2].startswith(field) for each in told), (
        told
    )


@pytest.mark.parametrize("case", CASES)
def test_what_stays_as_it_is_is_no_danger(found: Callable[..., list[Danger]], case: tuple[str, ...]) -> None:
    for text in case[-2:]:
        assert found(text, text) == []


def test_every_danger_has_its_case(found: Callable[..., list[Danger]]) -> None:
    found(workload(), workload())  # which registers the rules
    assert {case[0] for case in CASES} | ELSEWHERE == set(RULES)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (workload(), workload(replicas=3)),
        (thing("ConfigMap", "data: {a: b}"), thing("ConfigMap", "data: {a: c}")),
        (
            thing("StatefulSet", STATEFUL % (1, "data"), api="apps/v1"),
            thing("StatefulSet", STATEFUL % (2, "data"), api="apps/v1"),
        ),
        (thing("Role", ROLE % "pods, secrets", api=RBAC), thing("Role", ROLE % "pods", api=RBAC)),
        (thing("Role", ROLE % "'*'", api=RBAC), thing("Role", ROLE % "'*', pods", api=RBAC)),
        (
            thing(
                "Job",
                "spec: {template: {}}",
                api="batch/v1",
                metadata="annotations: {argocd.argoproj.io/hook: Sync}",
            ),
            thing(
                "Job",
                "spec: {template: {spec: {}}}",
                api="batch/v1",
                metadata="annotations: {argocd.argoproj.io/hook: Sync}",
            ),
        ),
    ],
)
def test_harmless_changes_are_no_danger(found: Callable[..., list[Danger]], before: str, after: str) -> None:
    assert found(before, after) == []


def test_a_refused_object_restarts_nothing(found: Callable[..., list[Danger]]) -> None:
    assert {each.id for each in found(workload(), workload(app="site"))} == {"immutable-field"}


def test_a_patch_is_no_jump(found: Callable[..., list[Danger]]) -> None:
    assert "version-jump" not in {each.id for each in found(workload(), workload(tag="1.0.7"))}


@pytest.mark.parametrize(
    ("before", "after", "size"),
    [
        ("1.29.1", "1.30.0", "(minor)"),
        ("v1.28.0", "v1.30.2", "(minor, 1 skipped)"),
        ("26.03", "26.10", "(minor)"),
        ("16-alpine", "17.2-alpine", "(major)"),
        ("2.1.0", "2.0.9", "(a downgrade, minor)"),
        ("RELEASE.2025-01-01", "RELEASE.2026-01-01", "(of unknown size)"),
    ],
)
def test_a_jump_is_told_by_its_size(
    found: Callable[..., list[Danger]], before: str, after: str, size: str
) -> None:
    [jump] = [each for each in found(workload(tag=before), workload(tag=after)) if each.id == "version-jump"]
    assert jump.field == "example.org/web"
    assert f"{before} → {after} {size}" in jump.message


def test_an_upstream_tag_is_a_version_too(render_of: RenderOf) -> None:
    sides = []
    for tag, replicas in (("26.03", 1), ("26.10", 2)):
        made = render_of(workload(replicas=replicas))
        origin = Origin(f"kubeflow/dist@{tag}:web.yaml", upstream=True)
        resources = [replace(each, origin=origin) for each in made.resources]
        sides.append(replace(made, resources=resources))
    [jump] = dangers(compare(*sides))
    assert (jump.id, jump.field) == ("version-jump", "kubeflow/dist")


def test_a_generated_configuration_changes_under_a_new_name(render_of: RenderOf) -> None:
    before = thing("ConfigMap", "data: {a: b}", name="settings-2b6g5ht7fd")
    after = thing("ConfigMap", "data: {a: c}", name="settings-8k9m4ct224")
    [application] = compare(render_of(before), render_of(after)).applications
    [change] = application.objects
    assert change.verb == "replaced"
    assert [each.path for each in change.fields] == [("metadata", "name"), ("data", "a")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("data: {key: aHVudGVyMg==}", "data: {key: aHVudGVyMw==}"),
        ("stringData: {key: hunter2}", "stringData: {key: hunter3}"),
        ("", "data: {key: hunter2}"),
        ("data: {key: hunter2}", ""),
    ],
)
def test_a_secret_keeps_its_values(render_of: RenderOf, before: str, after: str) -> None:
    sides = (render_of(thing("Secret", before)), render_of(thing("Secret", after)))
    [application] = compare(*sides).applications
    [field] = application.objects[0].fields
    assert {HIDDEN} >= {value for value in (field.before, field.after) if isinstance(value, str)}
    assert "hunter" not in repr(field)


def test_an_object_that_changes_its_application_is_told(render_of: RenderOf) -> None:
    text = thing("ConfigMap", "data: {a: b}")
    stays = thing("ConfigMap", "", name="stays")
    before = render_of(f"{text}---\n{stays}")
    after = render_of(text, application_name="other")
    both = {**before.applications, **after.applications}
    rest = [each for each in before.resources if each.name == "stays"]
    sides = (
        Render("local", before.tree, both, before.resources),
        Render("local", after.tree, both, [*rest, *after.resources]),
    )
    [danger] = dangers(compare(*sides))
    assert (danger.id, danger.application, danger.outcome) == ("object-moved", "other", "recreated")


def test_a_removed_application_tells_what_goes_and_what_stays(render_of: RenderOf) -> None:
    """It is made by a set, whose applications Argo CD deletes with all that they hold."""
    sets = thing("ApplicationSet", "spec: {template: {}}", name="platform", api="argoproj.io/v1alpha1")
    claim = thing("PersistentVolumeClaim", "", metadata=f"namespace: a, {KEPT}")
    root = render_of(sets, application_name="root")
    gone = render_of(f"{workload()}---\n{claim}", application_name="gone")
    before = Render(
        "local", root.tree, {**root.applications, **gone.applications}, root.resources + gone.resources
    )
    found = {each.id: each for each in dangers(compare(before, root))}
    assert found["application-removed"].outcome == "removed"
    assert (
        "1 of those known here; kept by Delete=false: PersistentVolumeClaim a/x"
        in found["application-removed"].message
    )
    assert found["claim-removed"].outcome == "kept"


@pytest.mark.parametrize(
    "policy", ["{preserveResourcesOnDeletion: true}", "{applicationsSync: create-update}"]
)
def test_a_removed_application_that_does_not_cascade_leaves_its_objects(
    render_of: RenderOf, policy: str
) -> None:
    rest = f"spec: {{template: {{}}, syncPolicy: {policy}}}"
    sets = thing("ApplicationSet", rest, name="platform", api="argoproj.io/v1alpha1")
    root = render_of(sets, application_name="root")
    gone = render_of(workload(), application_name="gone")
    before = Render(
        "local", root.tree, {**root.applications, **gone.applications}, root.resources + gone.resources
    )
    [danger] = dangers(compare(before, root))
    assert (danger.id, danger.outcome) == ("application-removed", "kept")


def test_a_wave_is_a_change_of_the_application(render_of: RenderOf) -> None:
    made = render_of(workload())
    later = Render("local", made.tree, {"app": application(wave=5)}, made.resources)
    [change] = compare(made, later).applications
    assert [(each.path, each.before, each.after) for each in change.fields] == [(("wave",), 3, 5)]
