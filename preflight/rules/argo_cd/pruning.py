"""What a removed file or folder must never take with it."""

from preflight.findings import Faults, Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render

# A Profile takes its namespace along.
KEPT = ("CustomResourceDefinition", "Namespace", "PersistentVolumeClaim", "Profile")
RETENTION = "persistentVolumeClaimRetentionPolicy"
OPTIONS = "argocd.argoproj.io/sync-options"
COMPARISON = "argocd.argoproj.io/compare-options"
WANTED = {"Prune": {"false", "confirm"}, "Delete": {"false", "confirm"}}


@rule("prunable", "with a claim its data goes, with a CRD all of its kind, with a namespace all in it")
def prunable(render: Render) -> Problems:
    """Namespaces, claims and CRDs stay when their file, their application or their StatefulSet goes."""
    for resource in render.of(*KEPT):
        options = dict(_options(resource.annotations.get(OPTIONS) or ""))
        missing = [f"{key}=false" for key, values in WANTED.items() if options.get(key) not in values]
        if missing:
            message = f"Argo CD would remove it; annotate it {','.join(missing)} (component components/keep)"
            yield Problem(resource, f"metadata.annotations.{OPTIONS}", message)
    for resource in render.of("StatefulSet"):
        for when, what in (resource.spec.get(RETENTION) or {}).items():
            if what == "Delete":
                message = "its claims would go with it, or with a replica; write Retain"
                yield Problem(resource, f"spec.{RETENTION}.{when}", message)


@rule(
    "kept-out-of-sync",
    "what stays when its line goes leaves its application out of sync, and every later wave waits for it",
)
def kept_out_of_sync(render: Render) -> Problems:
    """What is not pruned is not missed either: Argo CD compares only what Git has."""
    for resource in render.resources:
        stays = dict(_options(resource.annotations.get(OPTIONS) or "")).get("Prune") in WANTED["Prune"]
        if stays and "IgnoreExtraneous" not in dict(_options(resource.annotations.get(COMPARISON) or "")):
            message = "annotate it IgnoreExtraneous (component components/keep)"
            yield Problem(resource, f"metadata.annotations.{COMPARISON}", message)


def _options(text: str) -> Faults:
    for option in text.split(","):
        key, _, value = option.strip().partition("=")
        yield key, value
