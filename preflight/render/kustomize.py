"""kustomize, typed: the command of that name, or the one inside kubectl."""

import functools
import re
import shutil
import subprocess
from pathlib import Path

from preflight.errors import ClusterError
from preflight.render.unavailable import UnavailableError

SECONDS = 120
LONGEST = 400
# kubectl logs an error of several lines between these; one of a single line stands in quotes.
SEVERAL = re.compile(r"^[EF]\d{4} .*? err=<\n(.*?)\n >", re.DOTALL | re.MULTILINE)
ONE = re.compile(r'^[EF]\d{4} .*? err="((?:\\.|[^"\\])*)"', re.MULTILINE)
# What it was doing when it failed, from the outermost folder to the one where it did.
FOLDERS = re.compile(r".*(?:recursed accumulation of|couldn't make target for) path '([^']+)': ")
NO_FILE = re.compile(r".*evalsymlink failure on '([^']+)' : .*")
# It tries a file as a file, and says last that it is no folder either.
ENTRY = re.compile(r"(?:accumulation err=')?(?:accumulating|merging) resources from '([^']+)': ")
NO_FOLDER = re.compile(r"': must build at directory: .*")
CONFIGURATION = re.compile(r" with config: `.*?`", re.DOTALL)
UNKNOWN_OPTION = re.compile(r"unknown (?:shorthand )?flag:? ?(\S+)")


class KustomizeMissingError(UnavailableError):
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


def build(folder: Path, options: str = "") -> str:
    """The YAML stream of a kustomization.

    options: as argocd-cm gives them in kustomize.buildOptions. Raises ClusterError with kustomize's reason,
    in one line; UnavailableError where the command here does not know an option.
    """
    try:
        done = subprocess.run(
            [*command(), *options.split(), str(folder)],
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"kustomize build {folder.name}: not done after {SECONDS} s") from error
    if done.returncode:
        unknown = UNKNOWN_OPTION.search(done.stderr) if options else None
        if unknown:
            raise UnavailableError(
                f"{command()[0]} here does not know {unknown[1]} of kustomize.buildOptions"
            )
        raise ClusterError(f"kustomize build: {reason(done.stderr)}")
    return done.stdout


def reason(stderr: str) -> str:
    """What is wrong, in one line: without the folders on the way, and what kubectl logs around it."""
    several, one = SEVERAL.search(stderr), ONE.search(stderr)
    told = several[1] if several else one[1].replace('\\"', '"').replace("\\n", "\n") if one else stderr
    lines = [line.strip() for line in CONFIGURATION.sub("", told).splitlines()]
    cause = " ".join(line for line in lines if line and "Warning:" not in line) or "no reason given"
    cause = re.sub(r"^(?:Error|error): ", "", cause)
    cause = FOLDERS.sub(r"\1: ", cause).replace("accumulating resources: ", "")
    if NO_FILE.match(cause):
        return NO_FILE.sub(r"\1: no such file", cause)
    cause = NO_FOLDER.sub("", ENTRY.sub(r"\1: ", cause)) if ENTRY.search(cause) else cause
    return cause if len(cause) <= LONGEST else f"{cause[: LONGEST // 2]} … {cause[-LONGEST // 2 :]}"
