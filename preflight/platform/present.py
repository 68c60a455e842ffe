"""What a pod may name: what is rendered, declared, or made by operators and programs."""

from preflight.platform import operators
from preflight.platform.bringing import bringing
from preflight.platform.declared_secrets import declared
from preflight.platform.reach import Reach
from preflight.render.cluster import Render

# What every namespace, or every cluster, has by itself.
EVERYWHERE = {
    ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "istio-ca-root-cert"),  # istiod puts it into every namespace
    ("ServiceAccount", "default"),
    ("PriorityClass", "system-cluster-critical"),
    ("PriorityClass", "system-node-critical"),
}
# What a program makes for itself when it starts, so that its pod waits for it.
SELF_MADE = {
    ("Secret", "argocd", "argocd-redis"): "argocd-redis' first init container",
    ("Secret", "argocd", "argocd-initial-admin-secret"): "argocd-server",
    ("Secret", "kubeflow", "katib-webhook-cert"): "katib-cert-generator",
    ("Secret", "pachyderm", "pachyderm-pjs-worker-authentication"): "pachd",
}
# A Profile's namespace gets these from Kubeflow's profile controller.
OF_A_PROFILE = {("ServiceAccount", "default-editor"), ("ServiceAccount", "default-viewer")}
MADE_OF = {"Secret": ("SealedSecret", "ExternalSecret", "Certificate")}
KINDS = ("Secret", "ConfigMap", "ServiceAccount", "PersistentVolumeClaim", "PriorityClass")
Present = dict[
    tuple[str, str, str], set[str]
]  # kind, namespace, name: its keys, none where they are not known


def fault(there: Present, kind: str, namespace: str, name: str, key: str = "") -> str:
    """What is wrong with a reference from a namespace; empty where nothing is."""
    space = "" if kind == "PriorityClass" else namespace
    if (kind, name) in EVERYWHERE or (kind, space, name) in SELF_MADE:
        return ""
    keys = there.get((kind, space, name))
    if keys is None:
        place = "cluster-conf/secrets.yaml" if kind == "Secret" else "an application"
        return f"there is no {kind} {space}/{name}; add it to {place}, or fix the name"
    if key and keys and key not in keys:
        return f"{kind} {name} has no key {key}; it has {', '.join(sorted(keys))}"
    return ""


def bringing_it(render: Render, kind: str, namespace: str) -> list[Reach]:
    """The applications, not rendered, that may bring what a pod names, or what an operator makes it of."""
    if kind == "PriorityClass":  # it is the whole cluster's
        return bringing(render, [kind])
    by_profile = bringing(render, ["Profile"]) if kind == "ServiceAccount" else []
    return [*bringing(render, [kind, *MADE_OF.get(kind, ())], namespace), *by_profile]


def present(render: Render) -> Present:
    """Everything that a pod may name, with its keys."""
    made: Present = {}
    for resource in render.of(*KINDS):
        keys = {key for part in ("data", "stringData", "binaryData") for key in resource.body.get(part) or {}}
        made[resource.kind, resource.namespace, resource.name] = keys
    for namespace, name, keys in operators.secrets(render):
        made["Secret", namespace, name] = keys
    for secret in declared(render.tree, render.cluster):
        made["Secret", secret.namespace, secret.name] = set(secret.keys)
    for profile in render.of("Profile"):
        made |= {(kind, profile.name, name): set() for kind, name in OF_A_PROFILE}
    return made
