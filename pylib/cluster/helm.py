"""Helm, typed: one chart's folder rendered with our values, without a cluster."""

import shutil
import subprocess
from pathlib import Path

from pylib.errors import ClusterError

SECONDS = 120


def available() -> bool:
    """Whether the helm command is on PATH."""
    return shutil.which("helm") is not None


def template(
    chart: Path, *, release: str, namespace: str, values: list[Path], kubernetes: str, skip_tests: bool
) -> str:
    """The YAML stream of a chart, its CRDs among it, as Argo CD renders it.

    Raises ClusterError with Helm's own reason, in one line.
    """
    if not available():
        raise ClusterError("helm is not on PATH; install it: https://helm.sh/docs/intro/install")
    command = ["helm", "template", release, str(chart), "--namespace", namespace, "--include-crds"]
    command += ["--kube-version", kubernetes, *(["--skip-tests"] if skip_tests else [])]
    command += [word for path in values for word in ("--values", str(path))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ClusterError(f"helm template {chart.name}: {lines[-1] if lines else 'no reason given'}")
    return done.stdout
