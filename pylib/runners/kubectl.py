"""kubectl, typed: what the person at hand may ask a cluster, with no rights of pylib's own.

It is there for better words and a token; whoever calls it must do without where it is absent.
"""

import functools
import json
import shutil
import subprocess
from typing import Any

from pylib.errors import PipelineError

Body = dict[str, Any]
SECONDS = 20


class KubectlError(PipelineError):
    """kubectl is not there, names no cluster, or was refused; one line with its own words."""


@functools.cache
def context() -> str:
    """The cluster that kubectl speaks with by default; empty where kubectl or a kubeconfig is missing."""
    try:
        return run("config", "current-context").strip()
    except KubectlError:
        return ""


def run(*arguments: str, seconds: float = SECONDS) -> str:
    """What `kubectl ARGUMENTS` prints; KubectlError where it fails or does not answer in time."""
    if not shutil.which("kubectl"):
        raise KubectlError("kubectl is not on PATH; install it: https://kubernetes.io/docs/tasks/tools")
    command = ["kubectl", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KubectlError(f"kubectl {arguments[0]}: no answer after {seconds:g} s") from error
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise KubectlError(f"kubectl {' '.join(arguments[:2])}: {said.removeprefix('error: ')}")
    return done.stdout


def get(kind: str, *arguments: str, namespace: str) -> Body:
    """An object, or a list of them as kubectl gives it."""
    found: Body = json.loads(run("get", kind, *arguments, "--namespace", namespace, "--output=json"))
    return found
