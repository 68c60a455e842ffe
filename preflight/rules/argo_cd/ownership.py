"""One object, one owner."""

from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render


def shared(applications: str) -> str:
    """What findings about the same applications have in common."""
    return f"objects of {applications} are brought twice"


@rule("duplicate-resource", "two applications that own one object undo each other's work for ever")
def duplicate_resource(render: Render) -> Problems:
    """No object is in two applications, nor twice in one."""
    for resources in render.by_key.values():
        first = resources[0]
        for resource in resources[1:]:
            message = f"application {first.application} has it too, from {first.origin.file}; delete one"
            both = " and ".join(sorted({first.application, resource.application}))
            yield Problem(resource, "metadata.name", message, shared(both))
