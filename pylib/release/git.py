"""Git as a command, typed: argument lists, an environment that never asks, and one line for each failure."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pylib.errors import ReleaseError

TIMEOUT = 300
"""Seconds after which a command is given up, for remotes that do not answer."""

# A person's hooks are not meant for commits that a machine makes; housekeeping can wait for a person, too.
_SETTINGS = ("-c", f"core.hooksPath={os.devnull}", "-c", "gc.auto=0")
# Set while a Git hook runs, these would send our commands to the hook's repository.
_HOOK_VARIABLES = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
}


@dataclass(frozen=True)
class Git:
    """The Git repository in `folder`; a method is a command, and all raise ReleaseError.

    Credentials for a remote come from Git itself: a credential helper, `GIT_ASKPASS`, SSH, or `GIT_CONFIG_*`.
    """

    folder: Path

    def run(self, *arguments: str, text: str | None = None) -> str:
        """Run `git ARGUMENTS` in the folder, `text` on its standard input, and return what it prints."""
        done = self._run(arguments, text)
        if done.returncode:
            raise ReleaseError(_explain(self.folder, arguments, done.stderr))
        return done.stdout.strip()

    def read(self, revision: str, path: Path) -> str:
        """Return a file's text as it is in a commit."""
        done = self._run(("show", f"{revision}:{path.as_posix()}"), None)
        if done.returncode:
            raise ReleaseError(f"{self.folder} has no {path} in {revision}: commit one there")
        return done.stdout

    def files(self, revision: str, folder: Path) -> list[Path]:
        """List a folder's files, at any depth, in a commit; none where there is no such folder."""
        listed = self.run("ls-tree", "-r", "-z", "--name-only", revision, "--", folder.as_posix())
        return [Path(name) for name in listed.split("\0") if name]

    def answers(self, *arguments: str) -> bool:
        """Tell whether `git ARGUMENTS` exits 0, for commands that answer yes or no with their status."""
        return self._run(arguments, None).returncode == 0

    def _run(self, arguments: tuple[str, ...], text: str | None) -> subprocess.CompletedProcess[str]:
        command = ["git", "-C", str(self.folder), *_SETTINGS, *arguments]
        try:
            return subprocess.run(
                command,
                input=text or "",
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env=_environment(),
                timeout=TIMEOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise ReleaseError("git is not on the PATH: install it, releases are Git commits") from error
        except subprocess.TimeoutExpired as error:
            what = f"git {arguments[0]} in {self.folder}"
            raise ReleaseError(f"{what} took over {TIMEOUT} s: is the remote there?") from error


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _HOOK_VARIABLES}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _explain(folder: Path, arguments: tuple[str, ...], stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any("dubious ownership" in line for line in lines):
        owned = next(line for line in lines if "dubious ownership" in line).partition(" at ")[2].strip("'")
        return (
            f"{owned} belongs to another user: `git config --global --add safe.directory {owned}` trusts it"
        )
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "!"))] or lines
    return f"git {arguments[0]} in {folder}: {telling[0] if telling else 'failed without a word'}"
