"""A repository that Argo CD reads and the tests push to: bare, in the folder of a Git server."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

BRANCH = "main"
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "on-cluster tests"), ("EMAIL", "tests@localhost"))
}


def git(folder: Path, *arguments: str) -> str:
    """What `git ARGUMENTS` prints, run in a folder."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, **IDENTITY, "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.strip()}"
    return done.stdout.strip()


@dataclass(frozen=True)
class GitServer:
    """A folder of bare repositories, the URL under which Argo CD reads them, and where it finds GitHub's."""

    folder: Path
    url: str
    mirror: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "GitServer":
        """As CLUSTER_GIT, CLUSTER_GIT_URL and CLUSTER_MIRROR say."""
        folder = environment.get("CLUSTER_GIT")
        if not folder or not Path(folder).is_dir():
            pytest.fail(
                "CLUSTER_GIT: name the folder whose bare repositories Argo CD can read", pytrace=False
            )
        url = environment.get("CLUSTER_GIT_URL", "git://127.0.0.1").rstrip("/")
        return cls(Path(folder), url, environment.get("CLUSTER_MIRROR", "https://github.com").rstrip("/"))


@dataclass(frozen=True)
class Repository:
    """A working copy in `folder`; what is pushed from it is what Argo CD finds at `url`."""

    folder: Path
    url: str

    @classmethod
    def create(cls, server: GitServer, name: str, folder: Path) -> "Repository":
        """Begin anew: an empty repository on the server, and an empty working copy of it."""
        bare = server.folder / f"{name}.git"
        shutil.rmtree(bare, ignore_errors=True)
        git(server.folder, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(bare))
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", f"--initial-branch={BRANCH}")
        git(folder, "remote", "add", "origin", str(bare))
        return cls(folder, f"{server.url}/{name}.git")

    @classmethod
    def continued(cls, server: GitServer, name: str, folder: Path) -> "Repository":
        """Go on with a repository that is on the server: a working copy of it as it is now."""
        git(server.folder, "clone", "--quiet", str(server.folder / f"{name}.git"), str(folder))
        return cls(folder, f"{server.url}/{name}.git")

    def clear(self, *kept: str) -> None:
        """Remove every file of the working copy but those."""
        for path in git(self.folder, "ls-files").splitlines():
            if path not in kept:
                (self.folder / path).unlink()

    def write(self, path: str, text: str) -> None:
        """Write a file of the working copy."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def read(self, path: str) -> str:
        """A file of the working copy."""
        return (self.folder / path).read_text()

    def replace(self, path: str, before: str, after: str) -> None:
        """Change a file in one place, which must be there exactly once."""
        text = self.read(path)
        assert text.count(before) == 1, f"{path} has {before!r} {text.count(before)} times"
        self.write(path, text.replace(before, after))

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        target = self.folder / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    def commit(self, message: str) -> str:
        """Commit all changes, for a later push; the commit's id."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", message)
        return self.head

    def push(self, message: str = "") -> str:
        """Push the commits there are, and one of all changes where a message is given; the last one's id."""
        if message:
            self.commit(message)
        git(self.folder, "push", "--quiet", "origin", f"HEAD:{BRANCH}")
        return self.head

    def revert(self, commit: str = "HEAD") -> str:
        """`git revert`, pushed; the new commit's id."""
        git(self.folder, "revert", "--no-edit", commit)
        return self.push()

    def restore(self, commit: str) -> str:
        """Revert, in one more commit, all that came after a commit; the new one's id."""
        git(self.folder, "revert", "--no-commit", f"{commit}..HEAD")
        return self.push(f"As in {commit[:12]}")

    def pull(self) -> str:
        """Take what somebody else has pushed; the commit's id."""
        git(self.folder, "pull", "--quiet", "--ff-only", "origin", BRANCH)
        return self.head

    @property
    def origin(self) -> str:
        """The bare repository, as this machine writes to it."""
        return git(self.folder, "remote", "get-url", "origin")

    @property
    def is_changed(self) -> bool:
        """Whether anything is not committed."""
        return bool(git(self.folder, "status", "--porcelain"))

    @property
    def head(self) -> str:
        """The id of the current commit."""
        return git(self.folder, "rev-parse", "HEAD")


def copy_checkout(source: Path, target: Path, *kept: str) -> None:
    """All files of a checkout that Git does not ignore, as they are now, committed or not, but `kept`."""
    for name in git(source, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and name not in kept and (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)
