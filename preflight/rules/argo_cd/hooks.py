"""What runs at a sync: Argo CD waits for a hook's end before it says that the sync has ended."""

from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render

HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")
NEVER_WAITED_FOR = {"Skip"}


@rule(
    "unbounded-hook",
    "a sync ends when its hooks have, so one that hangs holds up every later sync of its application",
)
def unbounded_hook(render: Render) -> Problems:
    """A Job that is a hook ends by itself: backoffLimit counts failures, and one that hangs has none."""
    for resource in render.of("Job"):
        told = next((resource.annotations[key] for key in HOOKS if key in resource.annotations), "")
        if told in {"", *NEVER_WAITED_FOR} or resource.spec.get("activeDeadlineSeconds") is not None:
            continue
        message = f"the {told} hook may run for ever; give it the seconds after which it has failed"
        yield Problem(resource, "spec.activeDeadlineSeconds", message)
