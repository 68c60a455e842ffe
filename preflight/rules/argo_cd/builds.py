"""Applications that cannot be built: Argo CD would show the same error in place of their next state."""

from collections.abc import Iterator

from preflight.findings import Finding, rule
from preflight.render.cluster import Render


@rule("build-failed", "Argo CD cannot build it either, and keeps what runs as it was before the push")
def build_failed(render: Render) -> Iterator[Finding]:
    """Every folder and every chart builds, where all that it needs is there."""
    for each in render.broken:
        application = render.applications.get(each.application)
        if application:  # else it is a set, and set-refused says so
            path = application.path
            yield Finding("build-failed", each.application, path, path, "", each.reason)
