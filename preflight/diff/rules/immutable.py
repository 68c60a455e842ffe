"""Fields that the API server, or an admission webhook, does not let anybody change."""

from collections.abc import Iterator

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.diff.paths import Path, overlaps, shown, starts
from preflight.diff.syncing import is_hook, sync_options
from preflight.quantities import quantity

# By group and kind; of Kubernetes 1.34 (the Validate…Update functions), Katib 0.19 and Pipelines 2.16.
IMMUTABLE = {
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "ReplicaSet"): ("spec.selector",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "StatefulSet"): ("spec",),
    ("batch", "Job"): (
        "spec.selector",
        "spec.template",
        "spec.completionMode",
        "spec.podFailurePolicy",
        "spec.successPolicy",
        "spec.backoffLimitPerIndex",
        "spec.managedBy",
    ),
    ("", "Service"): ("spec.clusterIP", "spec.clusterIPs"),
    ("", "PersistentVolumeClaim"): ("spec",),
    ("", "Secret"): ("type",),
    ("storage.k8s.io", "StorageClass"): ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        "spec.group",
        "spec.scope",
        "spec.names.kind",
        "spec.names.plural",
    ),
    ("scheduling.k8s.io", "PriorityClass"): ("value", "preemptionPolicy"),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    ("networking.k8s.io", "IngressClass"): ("spec.controller",),
    ("kubeflow.org", "Experiment"): ("spec",),
    ("pipelines.kubeflow.org", "PipelineVersion"): ("spec",),
}
# What may change all the same.
MUTABLE = {
    "StatefulSet": (
        "spec.replicas",
        "spec.ordinals",
        "spec.template",
        "spec.updateStrategy",
        "spec.revisionHistoryLimit",
        "spec.persistentVolumeClaimRetentionPolicy",
        "spec.minReadySeconds",
    ),
    "PersistentVolumeClaim": ("spec.resources", "spec.volumeAttributesClassName"),
    "Experiment": ("spec.parallelTrialCount", "spec.maxTrialCount", "spec.maxFailedTrialCount"),
}
SEALED = ("data", "stringData", "binaryData", "immutable")
SIZE = "spec.resources.requests.storage"


@danger("immutable-field")
def immutable_field(difference: Difference) -> Iterator[Danger]:
    """A change that the server refuses, unless the object is to be replaced by force."""
    for change in difference.objects:
        for path in refused(change):
            yield _refused(change, path, difference)


def refused(change: ObjectChange) -> list[Path]:
    """The paths of a change to an object that stays which the server will not take."""
    if change.verb not in {"changed", "moved"} or is_hook(change.resource):
        return []
    return [each.path for each in change.fields if _is_immutable(change, each.path)]


def _is_immutable(change: ObjectChange, path: Path) -> bool:
    resource = change.resource
    if resource.kind in {"ConfigMap", "Secret"} and change.value("immutable", change.before) is True:
        return path[0] in SEALED
    if resource.kind == "PersistentVolumeClaim" and starts(path, SIZE):
        return _shrinks(change)
    prefixes = IMMUTABLE.get((resource.group, resource.kind), ())
    mutable = MUTABLE.get(resource.kind, ())
    return any(overlaps(path, each) for each in prefixes) and not any(starts(path, each) for each in mutable)


def _refused(change: ObjectChange, path: Path, difference: Difference) -> Danger:
    application = difference.after.applications.get(change.resource.application)
    options = sync_options(change.resource) | (application.sync_options if application else frozenset())
    if {"Force=true", "Replace=true"} <= options:
        message = (
            f"{shown(path)} is immutable, and Force=true,Replace=true deletes the object and makes it anew"
        )
        return costs("immutable-field", Outcome.RECREATED, change, message, path)
    message = (
        f"{_field(change, path)} is immutable: the server refuses the object, its application stays "
        f"OutOfSync and what runs stays as it is; {_way_out(change.resource.kind)}"
    )
    return costs("immutable-field", Outcome.REFUSED, change, message, path)


def _field(change: ObjectChange, path: Path) -> str:
    """The immutable field itself, of which the path may be a part deep inside."""
    prefixes = IMMUTABLE.get((change.resource.group, change.resource.kind), ())
    return next((each for each in prefixes if each != "spec" and starts(path, each)), shown(path))


def _way_out(kind: str) -> str:
    if kind == "PersistentVolumeClaim":
        return "make a new claim and copy the data"
    if kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}:
        return "give it a new name, or delete it with --cascade=orphan just before the sync"
    if kind == "CustomResourceDefinition":
        return "a new kind, or deleting the CRD with all its objects, is the only way"
    return "give it a new name, so that a new one is made and the old one pruned"


def _shrinks(change: ObjectChange) -> bool:
    old, new = (change.value(SIZE, side) for side in (change.before, change.after))
    before, after = quantity(old), quantity(new)
    return before is not None and after is not None and after < before


@danger("claim-grows")
def claim_grows(difference: Difference) -> Iterator[Danger]:
    """A larger claim, which only some storage classes allow."""
    for change in difference.objects:
        if change.resource.kind != "PersistentVolumeClaim" or change.verb != "changed":
            continue
        if any(starts(each.path, SIZE) for each in change.fields) and not _shrinks(change):
            message = "refused where its StorageClass has no allowVolumeExpansion; it never shrinks again"
            yield costs("claim-grows", Outcome.KEPT, change, message, SIZE)
