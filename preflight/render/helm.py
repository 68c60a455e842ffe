"""Helm, typed: one chart's folder rendered as Argo CD renders it, without a cluster."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from preflight.errors import ClusterError
from preflight.render.unavailable import UnavailableError

SECONDS = 120
DEPENDENCIES = "missing in charts/ directory"


class HelmMissingError(UnavailableError):
    """Helm is not on PATH."""


@dataclass(frozen=True)
class Options:
    """What Helm is told besides the chart, as Argo CD's TemplateOpts.

    files: of values, a later one wins; sets: `--set`, `--set-string` and `--set-file` with their values,
    which win over all files
    """

    release: str
    namespace: str
    kubernetes: str
    apis: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema: bool = False


def available() -> bool:
    """Whether the helm command is on PATH."""
    return shutil.which("helm") is not None


def needed() -> None:
    """Raise HelmMissingError where it is not."""
    if not available():
        raise HelmMissingError("helm is not on PATH; install it: https://helm.sh/docs/intro/install")


def command(chart: Path, told: Options) -> tuple[str, ...]:
    """The command that renders a chart, in Argo CD's order.

    Source: util/helm/cmd.go.
    """
    words = ["helm", "template", told.release, str(chart)]
    words += ["--namespace", told.namespace] if told.namespace else []
    words += ["--kube-version", told.kubernetes]
    words += [word for pair in told.sets for word in pair]
    words += [word for file in told.files for word in ("--values", file)]
    words += [word for api in told.apis for word in ("--api-versions", api)]
    flags = {
        "--include-crds": not told.skip_crds,
        "--skip-tests": told.skip_tests,
        "--skip-schema-validation": told.skip_schema,
    }
    return (*words, *(flag for flag, given in flags.items() if given))


def template(command: tuple[str, ...]) -> str:
    """The YAML stream of a chart.

    Raises HelmMissingError, and ClusterError with Helm's own reason, in one line.
    """
    needed()
    return _run(command, f"helm template {command[2]}")


def dependencies(chart: Path) -> None:
    """Fetch the charts that a chart needs into its folder, as Argo CD does where they are missing.

    Raises UnavailableError where they cannot be had.
    """
    needed()
    verb = "build" if (chart / "Chart.lock").is_file() else "update"
    try:
        _run(("helm", "dependency", verb, str(chart)), f"helm dependency {verb} {chart.name}")
    except ClusterError as error:
        raise UnavailableError(f"the charts that {chart.name} depends on cannot be had: {error}") from error


def _run(words: tuple[str, ...], called: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{called}: not done after {SECONDS} s") from error
    if done.returncode:
        raise ClusterError(f"{called}: {reason(done.stderr)}")
    return done.stdout


def reason(stderr: str) -> str:
    """The line that says what is wrong: Helm's error, and the list below it where there is one."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    first = next((at for at, line in enumerate(lines) if line.startswith("Error:")), len(lines) - 1)
    told = lines[first:] if lines else ["no reason given"]
    whole = told[0] if not told[0].endswith(":") else " ".join(told)
    return " ".join(whole.removeprefix("Error: ").split())
