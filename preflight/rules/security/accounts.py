"""What pylib's accounts may do on a cluster: exactly what pylib does, as recorded from its own calls."""

from preflight.findings import Problem, Problems
from preflight.platform import grants
from preflight.platform.access import Recorded, records
from preflight.platform.bringing import bringing
from preflight.platform.grants import Access
from preflight.registry import rule
from preflight.render.cluster import Render

# What may grant an account something, in the namespace of its calls and in all.
NAMESPACED, CLUSTER_WIDE = ("Role", "RoleBinding"), ("ClusterRole", "ClusterRoleBinding")


@rule("missing-permissions", "a call that its account may not make fails on the cluster, and only there")
def missing_permissions(render: Render) -> Problems:
    """The account that pylib is on a cluster may do all that pylib's calls need."""
    of_account = {(each.account.namespace, each.account.name): each for each in records(render.tree)}
    for resource in render.of("ServiceAccount"):
        if record := of_account.get((resource.namespace, resource.name)):
            granted = {each.access for each in grants.of(render, resource.namespace, resource.name)}
            where = record.namespace or resource.namespace
            by = [*bringing(render, NAMESPACED, where), *bringing(render, CLUSTER_WIDE)]
            for group, kind, verb in sorted(record.access - _covered(granted, record.access)):
                message = f"pylib needs {verb} of {kind} in {group}; add it to the account's Role"
                cause = f"{resource} is not granted what pylib's calls need"
                yield Problem(resource, "metadata.name", message, cause, unless=by)


@rule("excessive-permissions", "what an account may do and never does is there for who breaks into its pods")
def excessive_permissions(render: Render) -> Problems:
    """The accounts may do nothing else."""
    for record in records(render.tree):
        yield from _excess(render, record)


def _covered(granted: set[Access], needed: set[Access]) -> set[Access]:
    """What is granted, and what of the needed a grant without a name covers."""
    return granted | {each for each in needed if (each[0], each[1].partition(" ")[0], each[2]) in granted}


def _excess(render: Render, record: Recorded) -> Problems:
    namespace, name = record.account.namespace, record.account.name
    for grant in grants.of(render, namespace, name):
        if grant.access not in record.access:
            group, kind, verb = grant.access
            message = f"no call of pylib needs {verb} of {kind} in {group or 'the core group'}; remove it"
            yield Problem(grant.role, grant.field, message)
    for binding in grants.bindings(render, namespace, name):
        if not grants.roles(render, binding):
            message = "no application brings that role, so nobody can say what it grants; bind a Role"
            yield Problem(binding, "roleRef.name", message, unless=grants.bringing_role(render, binding))
