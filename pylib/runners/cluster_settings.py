"""What a cluster says of itself: the ConfigMap `pylib` of the namespace where pipelines run.

In that namespace's pods it is their environment; from outside kubectl reads it, where it can.
"""

import functools
import os

from pylib.runners import kubectl

CONFIG, NAMESPACE, ACCOUNT = "pylib", "ml", "ml-user"
"""The ConfigMap; the namespace and the service account that pylib is there (cluster-conf/ml-user)."""

ONE_USER = "kubeflow"
"""Where an installation of one user runs everything."""


def namespace() -> str:
    """The namespace of our runs: PYLIB_NAMESPACE, or the one that this repository's clusters have."""
    return os.environ.get("PYLIB_NAMESPACE") or NAMESPACE


def setting(name: str, where: str) -> str:
    """A setting of the cluster in namespace `where`; empty where nobody says it.

    The environment's goes first, so that a person can say it in a shell.
    """
    return os.environ.get(name) or _published(where).get(name, "")


@functools.cache
def _published(where: str) -> dict[str, str]:
    if not kubectl.context():
        return {}
    try:
        found: dict[str, str] = kubectl.get("configmap", CONFIG, namespace=where).get("data") or {}
    except kubectl.KubectlError:
        return {}
    return found


def page(run_id: str, where: str) -> str:
    """The dashboard's page of a run, where PYLIB_DASHBOARD or the cluster says where the dashboard is."""
    dashboard = setting("PYLIB_DASHBOARD", where).rstrip("/")
    return f"{dashboard}/_/pipeline/?ns={where}#/runs/details/{run_id}" if dashboard else ""
