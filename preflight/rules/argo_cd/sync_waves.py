"""What must be there before what: a kind before its objects, a webhook before what it looks at.

Argo CD comes to a wave when all applications of the waves before are healthy. Those of one wave come up
together, in no order. Within an application its objects' own waves count; in one of those CRDs come first.
"""

from collections.abc import Iterator

from preflight.findings import Problem, Problems
from preflight.platform.reach import reaches, source_of
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.kinds import ARGOCD_KINDS, Definitions, custom, definitions
from preflight.render.pods import pod_templates
from preflight.render.resources import NUMBER, WAVE, Body, Resource
from preflight.render.selection import Labels, matches
from preflight.rules.api_server.webhooks import blocking

Looked = tuple[str, str, Labels]  # group, plural, labels


@rule("invalid-sync-wave", "Argo CD reads it as 0, so that what was to come later comes with the first")
def invalid_sync_wave(render: Render) -> Problems:
    """Every sync wave is a whole number."""
    for resource in render.resources:
        written = str(resource.annotations.get(WAVE, "0"))
        if not NUMBER.fullmatch(written):
            message = f"'{written}' is no whole number; write one, in quotes"
            yield Problem(resource, "metadata.annotations", message)


@rule("crd-order", "an object whose kind is not known yet is refused, and its application's sync fails")
def crd_order(render: Render) -> Problems:
    """Every custom resource has its CRD in an earlier wave, or in its own application."""
    known = definitions(render)
    for resource in render.resources:
        if not custom(resource) or resource.kind in ARGOCD_KINDS:
            continue
        definition = known.get((resource.group, resource.kind))
        if definition is None:
            message = f"nothing brings the CRD of {resource.group} {resource.kind}; add it in wave 0"
            source = source_of(render, resource.group, resource.kind)
            by = [each for each in reaches(render) if each.may_define(source)]
            cause = f"nothing brings the CRDs of {source}" if source else message
            yield Problem(resource, "kind", message, cause, unless=by)
        elif not comes_before(render, definition, resource):
            message = f"its CRD comes with {_place(render, definition)}; move one of them to another wave"
            yield Problem(resource, "kind", message)


@rule("webhook-order", "what is made before its webhook answers is refused, or lacks what it would add")
def webhook_order(render: Render) -> Problems:
    """Everything that a webhook looks at comes after the application that serves the webhook."""
    webhooks = list(_webhooks(render))
    known = definitions(render)
    namespaces = {each.name: each.labels for each in render.of("Namespace")}
    for resource in render.resources:
        inside = {"kubernetes.io/metadata.name": resource.namespace, **namespaces.get(resource.namespace, {})}
        made = list(_made(resource, known))
        for configuration, webhook in webhooks:
            looked_at = any(_looks_at(webhook, each, inside) for each in made)
            if looked_at and not comes_before(render, configuration, resource):
                place = _place(render, configuration)
                message = f"its webhook {webhook.get('name')} comes with {place}; move one of them"
                yield Problem(resource, "kind", message)


def comes_before(render: Render, first: Resource, then: Resource) -> bool:
    """Whether Argo CD has applied `first`, and seen it healthy, before it applies `then`."""
    before, after = list(_steps(render, first)), list(_steps(render, then))
    if before[0][0] != after[0][0]:
        return render.wave(first) < render.wave(then)
    for level, ((_, early), (_, late)) in enumerate(zip(before, after, strict=False), 1):
        if early != late:
            return early < late
        together = level < min(len(before), len(after)) and before[level][0] == after[level][0]
        if not together:
            return first.kind == "CustomResourceDefinition" and level == len(before)
    return False


def _steps(render: Render, resource: Resource) -> Iterator[tuple[str, int]]:
    """From a set's application down to the object: each application, and the wave of what is next in it."""
    application = render.applications[resource.application]
    if application.parent:
        parent = next(
            each
            for each in render.of("Application")
            if each.name == application.name and each.application == application.owner
        )
        yield from _steps(render, parent)
    yield application.name, resource.sync_wave


def _place(render: Render, resource: Resource) -> str:
    return f"application {resource.application}, wave {render.wave(resource)}"


def _webhooks(render: Render) -> Iterator[tuple[Resource, Body]]:
    """Each webhook whose absence matters: one that only advises lets through what it has not seen.

    One that looks at too much is found as that, and not once more for each object.
    """
    too_wide = {id(webhook.body) for webhook, _ in blocking(render)}
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        for resource in render.of(kind):
            for webhook in resource.body.get("webhooks") or []:
                needed = kind.startswith("Mutating") or webhook.get("failurePolicy") != "Ignore"
                if needed and id(webhook) not in too_wide:
                    yield resource, webhook


def _made(resource: Resource, known: Definitions) -> Iterator[Looked]:
    """The objects that a webhook may look at: the object itself, and the pods that come of it."""
    definition = known.get((resource.group, resource.kind))
    names = (definition.spec.get("names") or {}) if definition else {}
    yield resource.group, str(names.get("plural") or f"{resource.kind.lower()}s"), resource.labels
    for pod in pod_templates(resource):
        yield "", "pods", pod.labels


def _looks_at(webhook: Body, looked: Looked, namespace: Labels) -> bool:
    group, plural, labels = looked
    if not any(_covers(each, group, plural) for each in webhook.get("rules") or []):
        return False
    return matches(webhook.get("namespaceSelector"), namespace) and matches(
        webhook.get("objectSelector"), labels
    )


def _covers(each: Body, group: str, plural: str) -> bool:
    return (
        not {group, "*"}.isdisjoint(each.get("apiGroups") or [])
        and not {plural, "*", "*/*", f"{plural}/*"}.isdisjoint(each.get("resources") or [])
        and not {"CREATE", "*"}.isdisjoint(each.get("operations") or [])
    )
