"""Objects that a client-side apply cannot write."""

import json

from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.rules.argo_cd.pruning import OPTIONS

# All annotations of an object together; client-side apply puts the whole object into one.
LIMIT = 262_144
SERVER_SIDE = "ServerSideApply=true"


@rule(
    "annotations-too-long", "client-side apply keeps a copy in an annotation, which is refused above 256 kB"
)
def annotations_too_long(render: Render) -> Problems:
    """An object too large for that annotation is applied on the server's side."""
    for resource in render.resources:
        options = render.applications[resource.application].sync_options
        if SERVER_SIDE in options or SERVER_SIDE in resource.annotations.get(OPTIONS, ""):
            continue
        size = len(json.dumps(resource.body, separators=(",", ":")))
        if size > LIMIT:
            message = f"{size:,} bytes, above {LIMIT:,}; give its application {SERVER_SIDE}"
            yield Problem(resource, "", message)
