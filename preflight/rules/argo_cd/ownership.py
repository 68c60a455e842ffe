"""One object, one owner."""

from collections.abc import Iterator

from preflight.findings import Finding, found, rule
from preflight.render.cluster import Render


def shared(applications: str) -> str:
    """What findings about the same applications have in common."""
    return f"objects of {applications} are brought twice"


@rule("two-owners", "two applications that own one object undo each other's work for ever")
def two_owners(render: Render) -> Iterator[Finding]:
    """No object is in two applications, nor twice in one."""
    for resources in render.by_key.values():
        first = resources[0]
        for resource in resources[1:]:
            message = f"application {first.application} has it too, from {first.origin.file}; delete one"
            both = " and ".join(sorted({first.application, resource.application}))
            yield found("two-owners", resource, "metadata.name", message, shared(both))
