"""Applications that cannot be built: Argo CD would show the same error in place of their next state."""

from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.resources import Place


@rule("build-failed", "Argo CD cannot build it either, and keeps what runs as it was before the push")
def build_failed(render: Render) -> Problems:
    """Every folder and every chart builds, where all that it needs is there."""
    for each in render.broken:
        application = render.applications.get(each.application)
        if application:  # else it is a set, and applicationset-error says so
            path = application.path
            yield Problem(Place(each.application, path, path), "", each.reason)
