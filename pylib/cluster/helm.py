"""Helm, typed: one chart's folder rendered with our values, without a cluster."""

import shutil
import subprocess
from pathlib import Path

from pylib.errors import ClusterError

SECONDS = 120


class HelmMissingError(ClusterError):
    """Helm is not on PATH."""


def available() -> bool:
    """Whether the helm command is on PATH."""
    return shutil.which("helm") is not None


def command(
    chart: Path, *, release: str, namespace: str, kubernetes: str, skip_tests: bool
) -> tuple[str, ...]:
    """The command that renders a chart as Argo CD does, its CRDs with it, but for the files of values."""
    words = ["helm", "template", release, str(chart), "--namespace", namespace, "--include-crds"]
    return (*words, "--kube-version", kubernetes, *(["--skip-tests"] if skip_tests else []))


def template(command: tuple[str, ...], values: list[Path]) -> str:
    """The YAML stream of a chart.

    Raises ClusterError with Helm's own reason, in one line.
    """
    if not available():
        raise HelmMissingError("helm is not on PATH; install it: https://helm.sh/docs/intro/install")
    words = [*command, *(word for path in values for word in ("--values", str(path)))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ClusterError(f"helm template {command[2]}: {lines[-1] if lines else 'no reason given'}")
    return done.stdout
