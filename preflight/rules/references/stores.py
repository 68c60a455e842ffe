"""Where the steps of pipelines keep their data: PYLIB_STORE, in the ConfigMap that they read."""

from urllib.parse import SplitResult, urlsplit

from preflight.findings import Faults
from preflight.platform.bringing import whole
from preflight.platform.operators import services
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.resources import Resource

KEY = "PYLIB_STORE"
CLUSTER = ".svc.cluster.local"
PACHD = {"pachd", "grpc", "grpcs"}


@rule(
    "unusable-store",
    "without its data no step of a pipeline begins, and each says so only when it runs",
    of="ConfigMap",
)
def unusable_store(render: Render, resource: Resource) -> Faults:
    """The store that PYLIB_STORE names is one that all pods share, and a pachd among them is there."""
    value = str((resource.body.get("data") or {}).get(KEY, ""))
    message = _fault(render, resource, urlsplit(value)) if value else ""
    if message:
        yield f"data.{KEY}", message


def _fault(render: Render, resource: Resource, url: SplitResult) -> str:
    """What is wrong with a store's address; empty where nothing is, or where nobody can say."""
    if url.scheme == "s3" and url.netloc:
        return ""
    if url.scheme in {"", "file"}:
        return "a folder is its pod's own, and gone with it; name s3://bucket or pachd://host:port"
    if url.scheme not in PACHD or not url.hostname:
        return f"{url.geturl()} is no store; name s3://bucket or pachd://host:port"
    name, _, namespace = url.hostname.removesuffix(CLUSTER).removesuffix(".svc").partition(".")
    key = (namespace or resource.namespace, name)
    if "." in namespace or key in services(render) or not whole(render, key[0]):
        return ""  # outside the cluster, there, or in what could not be rendered
    return f"there is no Service {'/'.join(key)}; install it, fix the name, or keep the data in s3://data"
