"""Whether a cluster says of itself that it may be thrown away: nobody shall lose one to a test run."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.on_cluster.kubectl import Kubectl, KubectlError

LABEL = "pylib/throw-away"


class NotThrowAwayError(Exception):
    """The tests must not touch this cluster."""


def throw_away_cluster(environment: Mapping[str, str], folder: Path) -> Kubectl:
    """The cluster that KUBECONFIG names, once its server has said that it may be thrown away.

    Its current context is copied into `folder`, so that another context chosen elsewhere while the tests run
    does not lead them to another cluster. Raises NotThrowAwayError.
    """
    if not environment.get("KUBECONFIG"):
        raise NotThrowAwayError(
            "KUBECONFIG is not set; name the throw-away cluster's file, the default one is never used"
        )
    kubectl = Kubectl(folder / "kubeconfig")
    descriptor = os.open(kubectl.config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(_current_context(environment))
    _ask_server(kubectl)
    return kubectl


def _current_context(environment: Mapping[str, str]) -> str:
    command = ["kubectl", "config", "view", "--raw", "--minify", "--flatten"]
    try:
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, check=False, timeout=30
        )
    except FileNotFoundError as error:
        raise NotThrowAwayError(
            "kubectl is not on PATH; install it: https://kubernetes.io/docs/tasks/tools"
        ) from error
    if done.returncode:
        raise NotThrowAwayError(f"KUBECONFIG={environment['KUBECONFIG']}: {' '.join(done.stderr.split())}")
    return done.stdout


def _ask_server(kubectl: Kubectl) -> None:
    try:
        namespace = json.loads(kubectl.run("get", "--raw", "/api/v1/namespaces/kube-system", timeout=30))
    except (KubectlError, ValueError) as error:
        raise NotThrowAwayError(f"the server does not say whether it may be thrown away: {error}") from error
    metadata = namespace.get("metadata") or {}
    if (metadata.get("labels") or {}).get(LABEL) != "true":
        raise NotThrowAwayError(
            f"the cluster (kube-system has uid {metadata.get('uid')}) does not say it may be thrown away; "
            f"these tests would overwrite and remove what is on it. If it really is one to lose: "
            f"kubectl label namespace kube-system {LABEL}=true"
        )
