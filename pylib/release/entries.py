"""The releases of a served model as Git tells them, newest first, for a page or a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pylib.errors import ReleaseError
from pylib.release.git import Git
from pylib.release.history import CHANGES, manifest_paths
from pylib.release.models import read_served
from pylib.release.served import Canary, Served, Values

_TRAILERS = ("Model", "Canary", "Replaces", "Data", "Code", "Provenance")
_FIELDS = ("%H", "%s", "%an", "%aI", *(f"%(trailers:key={key},valueonly)" for key in _TRAILERS), "%b")
_FORMAT = "--format=" + "%x00".join(_FIELDS) + "%x1e"


@dataclass(frozen=True)
class Entry:
    """A commit that changed what is served.

    subject, author, when: of the commit; body: its message below the subject, with the table of figures
    digest: of the model that it serves, empty where it serves none; replaces: what was served before
    data, code, provenance: as its trailers have them, empty where it has none, as after a `git revert`; of
        the canary where the commit brought one
    gate: the gate's checks in one line, of the manifest, of that model; canary: what stands beside it
    brings_canary: whether it is the commit that put the canary there, or gave it its share
    """

    commit: str
    subject: str
    author: str
    when: datetime
    digest: str
    replaces: str
    data: str
    code: str
    provenance: str
    body: str
    gate: str = ""
    canary: Canary | None = None
    brings_canary: bool = False

    @property
    def is_release(self) -> bool:
        """Whether the commit says so of itself; else it is a revert, or a person's hand."""
        return bool(self.digest) and self.subject.startswith("Release ")


def entries(git: Git, name: str, *, skip: int = 0, limit: int = 20) -> list[Entry]:
    """The newest `limit` commits of the clone that changed what is served as `name`, but for `skip` of them.

    Those that changed a limit or a comment of its manifest are none of them.
    What a commit serves is read of its manifest, the truth whatever its message says; one that cannot be read
    serves nothing. Raises ReleaseError where Git fails.
    """
    where = ["--", *manifest_paths(name)]
    log = git.run("log", _FORMAT, f"--skip={skip}", f"--max-count={limit}", CHANGES, *where)
    found = [_entry(text.strip("\n").split("\0")) for text in log.split("\x1e") if text.strip()]
    return [_with_values(git, name, each) for each in found]


def count(git: Git, name: str) -> int:
    """How many commits changed what is served as `name`."""
    return len(git.run("log", "--format=%h", CHANGES, "--", *manifest_paths(name)).splitlines())


def _entry(fields: Sequence[str]) -> Entry:
    commit, subject, author, when, model, canary, replaces, data, code, provenance, body = map(
        str.strip, fields
    )
    digest, before = (text.removeprefix("sha256:") for text in (model, replaces))
    former = before if before != replaces else ""  # "nothing, this is the first release"
    moment = datetime.fromisoformat(when)
    return Entry(
        commit, subject, author, moment, digest, former, data, code, provenance, body,
        brings_canary=bool(canary),
    )  # fmt: skip


def _with_values(git: Git, name: str, entry: Entry) -> Entry:
    try:
        served = read_served(git, name, entry.commit)
    except ReleaseError:  # a person's hand; the commit is still a part of the history
        served = Served(Values())
    brings = bool(entry.brings_canary and served.canary)
    values = served.canary.values if brings and served.canary else served.values
    data, code = entry.data or values.data_commit, entry.code or values.git_commit
    return replace(
        entry, digest=served.values.digest, data=data, code=code, gate=values.gate, canary=served.canary,
        brings_canary=brings,
    )  # fmt: skip
