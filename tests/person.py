"""Somebody with a repository of their own, made of this one as it is, who runs its commands."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pylib.provenance.materials import ROOT

PYLIB = Path(sys.executable).with_name("pylib")


@dataclass
class Person:
    """Runs commands in a repository; what comes of them is beside it."""

    repository: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self):
        there = {"PYTHONPATH": str(self.repository), "PYLIB_OUTPUT": str(self.output), "PYLIB_PORT": "0"}
        self.environment = {**os.environ, **there, "COLUMNS": "200"}

    @property
    def output(self):
        return self.repository.parent / "out"

    def tries(self, *arguments):
        return subprocess.run(
            [PYLIB, *arguments],
            cwd=self.repository,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def runs(self, *arguments):
        done = self.tries(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def git(self, *arguments):
        command = ["git", "-c", "user.name=A Person", "-c", "user.email=person@example.org", *arguments]
        return subprocess.check_output(command, cwd=self.repository, text=True)


def as_in_git(repository):
    """A person with the files of this checkout that Git knows, in one commit."""
    there = Person(repository)
    tracked = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (there.repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, there.repository / name)
    there.git("init", "--quiet", "--initial-branch=main")
    there.git("add", "--all")
    there.git("commit", "--quiet", "--message=As it was")
    return there
