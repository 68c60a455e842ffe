"""The way to a cluster's pipelines walked once, for `pylib doctor`: each stage, and what to do there."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from pylib.errors import PylibError
from pylib.runners import cluster_settings, connection, credentials, kubectl
from pylib.runners.connection import Health
from pylib.runners.credentials import Credentials
from pylib.settings import settings
from pylib.store.opening import open_store

Access = tuple[str, str]
"""A verb and a resource of pipelines.kubeflow.org."""
RECORD = "cluster-conf/ml-user/access.yaml"


@dataclass(frozen=True)
class Stage:
    """One stage: what was found there, None where the way ends; `remedy` says what to do then.

    `required`: without it no run reaches its end; else nobody could ask.
    """

    name: str
    found: str | None
    purpose: str
    remedy: str = ""
    required: bool = True


def needed(root: Path) -> set[Access]:
    """What our calls need on a cluster, as recorded from them; nothing where the record is not at hand."""
    file = root / RECORD
    kinds = yaml.safe_load(file.read_text(encoding="utf-8"))["needed"] if file.is_file() else {}
    return {(verb, kind) for kind, verbs in kinds.items() for verb in verbs}


def walk(needed: Collection[Access]) -> Iterator[Stage]:
    """Address and TLS, token and namespace, rights, pipelines, data; it ends where nobody answers."""
    address = "Pipelines API"
    try:
        there = connection.health()
    except PylibError as error:
        yield Stage(address, None, "runs on the cluster", str(error))
        return
    users = "many users" if there.multi_user else "one user"
    yield Stage(address, f"{connection.endpoint()}, {users}", "runs on the cluster")
    yield from _let_in(there)
    yield _rights(needed, cluster_settings.namespace())
    yield _pipelines(there)
    yield _data()


def _let_in(there: Health) -> Iterator[Stage]:
    where = cluster_settings.namespace()
    who = Credentials(where, made=there.multi_user)
    try:
        connection.let_in(who, where if there.multi_user else None, needed=there.multi_user)
    except PylibError as error:
        yield Stage("token, namespace", None, f"runs in {where}", str(error))
    else:
        yield Stage("token, namespace", f"{who.origin or 'none is asked for'}; {where}", f"runs in {where}")


def _rights(needed: Collection[Access], where: str) -> Stage:
    """Ask for the account by kubectl, where it is at hand and the person may ask that for another."""
    account, purpose = (
        f"system:serviceaccount:{where}:{cluster_settings.ACCOUNT}",
        f"what {cluster_settings.ACCOUNT} may do",
    )
    if not kubectl.context():
        return Stage(
            "rights", None, purpose, "not asked: kubectl is missing, or names no cluster", required=False
        )
    try:
        refused = [f"{verb} {kind}" for verb, kind in sorted(needed) if not _may(verb, kind, where, account)]
    except kubectl.KubectlError as error:
        return Stage("rights", None, purpose, f"not asked: {error}", required=False)
    remedy = f"not allowed: {', '.join(refused)}; sync cluster-conf/ml-user, whose role says so"
    return Stage("rights", None if refused else f"all {len(needed)}", purpose, remedy)


def _may(verb: str, kind: str, where: str, account: str) -> bool:
    """Whether an account may; KubectlError where we may not ask for it (kubectl's `no` is an error, too)."""
    resource = f"{kind}.{credentials.GROUP}"
    try:
        kubectl.run("auth", "can-i", verb, resource, "--namespace", where, "--as", account)
    except kubectl.KubectlError as error:
        if "Forbidden" in str(error) or "refused" in str(error):
            raise
        return False
    return True


def _pipelines(there: Health) -> Stage:
    """Argo CD syncs pipelines as objects, which an API server that keeps its own in a database never sees."""
    kept = there.pipeline_store
    remedy = f"kept in {kept or 'a database'}: Git's are not there; start it with --pipelinesStoreKubernetes"
    found = "as objects" if kept == "kubernetes" else None
    return Stage("pipelines", found, "pipelines from Git, in the dashboard", remedy, required=False)


def _data() -> Stage:
    store = settings().store
    if store.startswith("file:"):
        remedy = f"{store} is on this machine: set PACHD_ADDRESS or PYLIB_STORE to the cluster's store"
        return Stage("data store", None, "data that steps there can read", remedy)
    try:
        repositories = open_store(store).list_repositories()
    except PylibError as error:
        return Stage("data store", None, "data that steps there can read", str(error))
    return Stage("data store", f"{store}, {len(repositories)} repositories", "data that steps there can read")
