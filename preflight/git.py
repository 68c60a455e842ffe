"""Git as a command: what it prints, or one line that says why not."""

import os
import subprocess
from pathlib import Path

from preflight.errors import ClusterError

SECONDS = 300


def git(repository: Path, *arguments: str) -> str:
    """Run `git ARGUMENTS` in a repository. Raises ClusterError.

    Within a Git hook the variables GIT_… name that hook's repository; ours is the one that is given.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_DIR", "GIT_INDEX", "GIT_WORK"))
    }
    environment = kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", env=environment, timeout=SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise ClusterError("git is not on PATH; install it") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"git {arguments[0]} in {repository} took over {SECONDS} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["failed without a word"]
        told = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0])
        raise ClusterError(f"git {arguments[0]} in {repository}: {told}")
    return done.stdout.strip()
