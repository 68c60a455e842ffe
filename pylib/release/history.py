"""What a repository's history says of its releases: which ever were, what each took the place of."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pylib.errors import ReleaseError
from pylib.release.git import Git
from pylib.release.models import read_served
from pylib.release.served import Served, Values
from pylib.serving.repository import FORMER, FORMER_NAME, manifest

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_TRAILERS = "--format=%H%x00%s%x00%(trailers:key=Model,valueonly)%x00%(trailers:key=Replaces,valueonly)%x1e"


@dataclass(frozen=True)
class Replaced:
    """The newest release of a model: its commit and subject, and what was served until then.

    is_revert: whether to serve the former alone again is what `git revert` of the commit does
    """

    commit: str
    subject: str
    former: Values
    is_revert: bool = True


CHANGES = r'-G^[- ]*(value: *"?[0-9a-f]{64}|traffic:|shadow:)'
"""An option of `git log`: commits that touch which model is served and to whom, not a limit or a comment."""


@dataclass(frozen=True)
class Brought:
    """The commit since which something is served without a break, and when it was made."""

    commit: str
    when: datetime


def ever_released(git: Git, name: str, revision: str = "HEAD") -> set[str]:
    """The digests of all models that any commit of the history has named.

    Rather too many than too few: whatever looks like a digest in any line of the manifest's history.
    """
    patches = git.run("log", "-p", "-m", "--full-history", "--format=", revision, "--", *manifest_paths(name))
    return {digest for line in patches.splitlines() for digest in _DIGEST.findall(line)}


def is_whole(git: Git) -> bool:
    """Whether the clone has all of the history, and not its newest commits alone."""
    return git.run("rev-parse", "--is-shallow-repository") == "false"


def replaced(git: Git, name: str, digest: str) -> Replaced:
    """What the newest release of that model took the place of; raises ReleaseError.

    Read from the commits' trailers: a `git revert` has none, so going back twice goes back two releases.
    """
    log = git.run("log", _TRAILERS, "--", *manifest_paths(name))
    entries = [entry.strip().split("\0") for entry in log.split("\x1e") if entry.strip()]
    found = next((entry for entry in entries if entry[2].strip() == f"sha256:{digest}"), None)
    if found is None:
        raise ReleaseError(
            f"no release in {git.folder} made {digest[:12]} what {name} serves, so nothing says what was "
            "before: `git revert` the commit that did, or promote the model that should be served"
        )
    commit, subject, _, before = (part.strip() for part in found)
    until = read_served(git, name, f"{commit}^")
    former = until.values
    if not former.digest:
        raise ReleaseError(
            f"{digest[:12]} is the first release of {name} ({commit[:12]}): nothing was before it"
        )
    if before != f"sha256:{former.digest}":
        raise ReleaseError(f"commit {commit[:12]} says that it replaces {before}, and {commit[:12]}^ has "
                           f"{former.digest[:12]}: promote the model that should be served")  # fmt: skip
    return Replaced(commit, subject, former, is_revert=until.canary is None)


def champion_since(git: Git, name: str) -> Brought | None:
    """What made the champion the champion, whatever came and went beside it since; None before a release."""
    return _since(git, name, lambda served: served.values.digest)


def canary_since(git: Git, name: str) -> Brought | None:
    """What put the canary or shadow beside the champion, as which it stands now; None where none does."""
    return _since(
        git, name, lambda served: served.canary and (served.canary.name, served.canary.values.digest)
    )


def _since(git: Git, name: str, what: Callable[[Served], object]) -> Brought | None:
    """The oldest commit of those that serve, one after the other up to the newest, what HEAD serves."""
    wanted, found = what(read_served(git, name)), None
    log = git.run("log", "--format=%H %cI", CHANGES, "--", *manifest_paths(name)) if wanted else ""
    for line in log.splitlines():
        commit, _, when = line.partition(" ")
        if what(_served_in(git, name, commit)) != wanted:
            break
        found = Brought(commit, datetime.fromisoformat(when))
    return found


def _served_in(git: Git, name: str, commit: str) -> Served:
    try:
        return read_served(git, name, commit)
    except ReleaseError:  # a person's hand
        return Served(Values())


def manifest_paths(name: str) -> list[str]:
    """Where the history of what is served as `name` has its manifest, as paths for `git log`."""
    former = [FORMER.as_posix()] if name == FORMER_NAME else []
    return [manifest(name).as_posix(), *former]
