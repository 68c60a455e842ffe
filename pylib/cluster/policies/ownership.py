"""One object, one owner."""

from collections.abc import Iterator

from pylib.cluster.findings import Finding, found, rule
from pylib.cluster.render import Render


@rule("two-owners", "two applications that own one object undo each other's work for ever")
def two_owners(render: Render) -> Iterator[Finding]:
    """No object is in two applications, nor twice in one."""
    for resources in render.by_key.values():
        first = resources[0]
        for resource in resources[1:]:
            message = f"application {first.application} has it too, from {first.origin.file}; delete one"
            yield found("two-owners", resource, "metadata.name", message)
