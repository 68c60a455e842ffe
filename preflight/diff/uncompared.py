"""What of two renders cannot be compared, and why: never passed over in silence."""

from collections.abc import Iterator
from dataclasses import dataclass

from preflight.render.applications import ROOT
from preflight.render.cluster import Render


@dataclass(frozen=True, order=True)
class NotCompared:
    """An application whose objects are not known on one side."""

    application: str
    reason: str


def not_compared(before: Render, after: Render) -> tuple[NotCompared, ...]:
    """The applications, each once, with the first reason."""
    found: dict[str, str] = {}
    for side, render in (("before", before), ("after", after)):
        for name, reason in _unknown(render, before, after):
            found.setdefault(name, f"{side}: {reason}")
    return tuple(sorted(NotCompared(name, reason) for name, reason in found.items()))


def _unknown(render: Render, before: Render, after: Render) -> Iterator[tuple[str, str]]:
    unrendered = {each.application: each.reason for each in render.unchecked}
    yield from unrendered.items()
    for application in (*before.applications.values(), *after.applications.values()):
        owner = next((each for each in (application.parent, ROOT) if each in unrendered), None)
        if owner:
            yield application.name, f"{owner}, which brings it, was not rendered: {unrendered[owner]}"
    for resource in render.of("Application"):
        if resource.name != ROOT and resource.name not in render.applications:
            yield (
                resource.name,
                f"an Application of a form that is not rendered here, in {resource.origin.file}",
            )
