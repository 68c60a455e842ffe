"""kustomize, typed: the command of that name, or the one inside kubectl."""

import functools
import re
import shutil
import subprocess
from pathlib import Path

from pylib.errors import ClusterError

SECONDS = 120
# What it was doing when it failed, from the outermost folder to the one where it did.
FOLDERS = re.compile(r".*(?:recursed accumulation of|couldn't make target for) path '([^']+)': ")
NO_FILE = re.compile(r".*evalsymlink failure on '([^']+)' : .*")


class KustomizeMissingError(ClusterError):
    """Neither kustomize nor kubectl is on PATH."""


@functools.cache
def command() -> tuple[str, ...]:
    """The command that builds a kustomization, `kustomize build` or `kubectl kustomize`."""
    if shutil.which("kustomize"):
        return ("kustomize", "build")
    if shutil.which("kubectl"):
        return ("kubectl", "kustomize")
    raise KustomizeMissingError(
        "kustomize is not on PATH; install it (https://kubectl.docs.kubernetes.io/installation/kustomize) "
        "or kubectl, which has it inside"
    )


def build(folder: Path) -> str:
    """The YAML stream of a kustomization.

    Raises ClusterError with kustomize's own reason, in one line.
    """
    try:
        done = subprocess.run(
            [*command(), str(folder)], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"kustomize build {folder.name}: not done after {SECONDS} s") from error
    if done.returncode:
        raise ClusterError(f"kustomize build: {_reason(done.stderr)}")
    return done.stdout


def _reason(stderr: str) -> str:
    """The cause in the last line: kustomize wraps it in what it was doing, kubectl in a line of a log."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and "Warning:" not in line]
    last = re.sub(r'^E\d{4} .*? err="(.*)"$', r"\1", lines[-1]) if lines else "no reason given"
    cause = FOLDERS.sub(r"\1: ", last.removeprefix("Error: ").removeprefix("error: "))
    return NO_FILE.sub(r"\1: no such file", cause.replace("accumulating resources: ", ""))
