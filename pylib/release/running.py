"""Whether what answers is what Git names: a server keeps what it loaded until it is replaced."""

from pylib.errors import ConfigurationError, ReleaseError
from pylib.release.git import Git
from pylib.release.models import read_served
from pylib.serving import local, split
from pylib.settings import Settings


def outdated(place: Settings, name: str, url: str) -> str:
    """A sentence where other models answer at `url` than Git names; empty where not, or one cannot be told.

    url: of the server, or of the address before several. Of an address elsewhere, as on a cluster, one answer
    is all that is asked for, and it may be the canary's.
    """
    named, behind = _named(place, name), _behind(place, name, url)
    asked = [local.served_at(each) for each in behind or [url]]
    told = [digest for digest in asked if digest]
    same = set(told) == set(named) if behind and None not in asked else set(told) <= set(named)
    if not named or not told or same:
        return ""
    runs, git = (" and ".join(each[:12] for each in digests) for digests in (told, named))
    return (
        f"{name} still answers with model {runs}, where Git names {git}: `pylib serve {name} --detach` has "
        "it go over, and on a cluster Argo CD does"
    )


def _named(place: Settings, name: str) -> list[str]:
    if not (place.release_repository / ".git").exists():
        return []
    try:
        return read_served(Git(place.release_repository), name).digests
    except (ConfigurationError, ReleaseError):  # a person's hand
        return []


def _behind(place: Settings, name: str, url: str) -> list[str]:
    """All servers at or behind an address of this machine; none where it is elsewhere."""
    folder = place.output / "serving" / name
    here = local.running(folder)
    if here is None or here.url != url:
        return []
    return [f"http://{local.HOST}:{each.http}" for each in split.read(folder / split.FILE)] or [url]
