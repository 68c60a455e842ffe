"""The releases of a served model as Git tells them, newest first, for a page or a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pylib.errors import ReleaseError
from pylib.release.git import Git
from pylib.release.history import manifest_paths
from pylib.release.models import read_served
from pylib.release.served import Canary, Served, Values

_TRAILERS = ("Model", "Replaces", "Data", "Code", "Provenance")
_FIELDS = ("%H", "%s", "%an", "%aI", *(f"%(trailers:key={key},valueonly)" for key in _TRAILERS), "%b")
_FORMAT = "--format=" + "%x00".join(_FIELDS) + "%x1e"


@dataclass(frozen=True)
class Entry:
    """A commit that changed what is served.

    subject, author, when: of the commit; body: its message below the subject, with the table of figures
    digest: of the model that it serves, empty where it serves none; replaces: what was served before
    data, code, provenance: as its trailers have them, empty where it has none, as after a `git revert`
    gate: the gate's checks in one line, of the manifest; canary: what stands beside the model
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

    @property
    def is_release(self) -> bool:
        """Whether the commit says so of itself; else it is a revert, or a person's hand."""
        return bool(self.digest) and self.subject.startswith("Release ")


def entries(git: Git, name: str, *, skip: int = 0, limit: int = 20) -> list[Entry]:
    """The newest `limit` commits of the clone that changed what is served as `name`, but for `skip` of them.

    What a commit serves is read of its manifest, the truth whatever its message says; one that cannot be read
    serves nothing. Raises ReleaseError where Git fails.
    """
    where = ["--", *manifest_paths(name)]
    log = git.run("log", _FORMAT, f"--skip={skip}", f"--max-count={limit}", *where)
    found = [_entry(text.strip("\n").split("\0")) for text in log.split("\x1e") if text.strip()]
    return [_with_values(git, name, each) for each in found]


def count(git: Git, name: str) -> int:
    """How many commits changed what is served as `name`."""
    return int(git.run("rev-list", "--count", "HEAD", "--", *manifest_paths(name)))


def _entry(fields: Sequence[str]) -> Entry:
    commit, subject, author, when, model, replaces, data, code, provenance, body = map(str.strip, fields)
    digest, before = (text.removeprefix("sha256:") for text in (model, replaces))
    former = before if before != replaces else ""  # "nothing, this is the first release"
    moment = datetime.fromisoformat(when)
    return Entry(commit, subject, author, moment, digest, former, data, code, provenance, body)


def _with_values(git: Git, name: str, entry: Entry) -> Entry:
    try:
        served = read_served(git, name, entry.commit)
    except ReleaseError:  # a person's hand; the commit is still a part of the history
        served = Served(Values())
    values = served.values
    data, code = entry.data or values.data_commit, entry.code or values.git_commit
    return replace(entry, digest=values.digest, data=data, code=code, gate=values.gate, canary=served.canary)
