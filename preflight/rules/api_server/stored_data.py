"""What the API server checks of ConfigMaps and Secrets, Namespaces and webhooks beyond their schema."""

import json
import re
from base64 import b64decode
from typing import Any

from preflight.findings import Faults
from preflight.registry import schema_rule
from preflight.render.resources import Resource
from preflight.schemas.suggest import did_you_mean

KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
LARGEST = 1024 * 1024
NEEDED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
LEVELS = ("privileged", "baseline", "restricted")
POD_SECURITY = re.compile(r"pod-security\.kubernetes\.io/(enforce|audit|warn)")


@schema_rule(
    "schema-data",
    "a ConfigMap or Secret with an unusable key, or of more than a mebibyte, is refused",
    of=("ConfigMap", "Secret"),
)
def data(resource: Resource) -> Faults:
    """Keys that can be files' names, a size that fits, and what a Secret's type needs."""
    plain = resource.body.get("stringData" if resource.kind == "Secret" else "data") or {}
    coded = resource.body.get("data" if resource.kind == "Secret" else "binaryData") or {}
    for key in [*plain, *coded]:
        if not KEY.fullmatch(str(key)):
            yield f"data[{key}]", f"{key} cannot be a key; it has letters, digits, dashes, dots, underscores"
    if resource.kind == "ConfigMap":
        for key in plain.keys() & coded.keys():
            yield f"binaryData[{key}]", f"{key} stands in data too; keep one"
    size = sum(len(str(value).encode()) for value in plain.values())
    size += sum(len(str(value)) * 3 // 4 for value in coded.values())
    if size > LARGEST:
        yield "data", f"it holds {size} bytes, and {LARGEST} are allowed; split it"
    if resource.kind == "Secret":
        yield from _typed(resource, {**coded, **plain})


@schema_rule("schema-pod-security", "a namespace with a level that does not exist is refused", of="Namespace")
def pod_security(resource: Resource) -> Faults:
    """The levels of Pod Security that a namespace is labelled with."""
    for key, value in resource.labels.items():
        if POD_SECURITY.fullmatch(key) and value not in LEVELS:
            message = f"there is no level {value}{did_you_mean(str(value), LEVELS)}"
            yield f"metadata.labels[{key}]", message


@schema_rule(
    "schema-webhook",
    "a webhook that cannot be reached, or that has side effects, is refused",
    of=("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
)
def webhooks(resource: Resource) -> Faults:
    """Each webhook is reached in one way and has no side effects."""
    for index, webhook in enumerate(resource.body.get("webhooks") or []):
        yield from _webhook(webhook, f"webhooks[{index}]")


def _webhook(webhook: Any, field: str) -> Faults:
    client = webhook.get("clientConfig") or {}
    if (client.get("service") is None) == (client.get("url") is None):
        yield f"{field}.clientConfig", "it needs either a service or a url"
    if not {"v1", "v1beta1"} & {*(webhook.get("admissionReviewVersions") or [])}:
        yield f"{field}.admissionReviewVersions", "it needs v1"
    if webhook.get("sideEffects") not in {"None", "NoneOnDryRun"}:
        yield f"{field}.sideEffects", "it must be None or NoneOnDryRun"
    for index, entry in enumerate(webhook.get("rules") or []):
        for key in ("apiGroups", "apiVersions", "operations", "resources"):
            if not entry.get(key):
                yield (
                    f"{field}.rules[{index}].{key}",
                    'it is empty, and so matches nothing; write "*" for all',
                )


def _typed(resource: Resource, values: dict[str, str]) -> Faults:
    kind = str(resource.body.get("type") or "Opaque")
    for key in NEEDED.get(kind, ()):
        if key not in values:
            yield f"data[{key}]", f"a Secret of type {kind} needs {key}"
    config = (resource.body.get("data") or {}).get(".dockerconfigjson")
    if kind.endswith("dockerconfigjson") and config and not _is_json(config):
        yield "data[.dockerconfigjson]", "it is not JSON; write what `docker login` writes"


def _is_json(coded: str) -> bool:
    try:
        json.loads(b64decode(coded))
    except ValueError:
        return False
    return True
