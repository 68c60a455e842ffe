"""What a removed file or folder must never take with it."""

from collections.abc import Iterator

from pylib.cluster.findings import Finding, found, rule
from pylib.cluster.render import Render

KEPT = ("Namespace", "PersistentVolumeClaim", "CustomResourceDefinition")
OPTIONS = "argocd.argoproj.io/sync-options"
WANTED = {"Prune": {"false", "confirm"}, "Delete": {"false", "confirm"}}


@rule(
    "prunable",
    "with a claim its data goes, with a CRD all of its kind, with a namespace all in it",
)
def prunable(render: Render) -> Iterator[Finding]:
    """Namespaces, claims and CRDs are neither pruned nor deleted with their application."""
    for resource in render.of(*KEPT):
        options = dict(_options(resource.annotations.get(OPTIONS) or ""))
        missing = [f"{key}=false" for key, values in WANTED.items() if options.get(key) not in values]
        if missing:
            message = f"Argo CD would remove it; annotate it {','.join(missing)} (component conventions/keep)"
            yield found("prunable", resource, f"metadata.annotations.{OPTIONS}", message)


def _options(text: str) -> Iterator[tuple[str, str]]:
    for option in text.split(","):
        key, _, value = option.strip().partition("=")
        yield key, value
