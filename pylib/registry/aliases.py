"""The aliases follow Git.

`champion` is what HEAD serves, `canary` what stands beside it, `candidate` the newest never released.
"""

from dataclasses import dataclass

from pylib.registry.versions import CANARY, CANDIDATE, CHAMPION, Version, Versions
from pylib.release.git import Git
from pylib.release.history import ever_released
from pylib.release.models import read_served
from pylib.release.served import Served, Values


@dataclass(frozen=True)
class Move:
    """An alias that names another version than it should; None is none."""

    alias: str
    before: Version | None
    after: Version | None

    def __str__(self) -> str:
        """Read like `champion named segmentation 3 (…), names segmentation 2 (…)`."""
        return f"{self.alias} named {self.before or 'none'}, names {self.after or 'none'}"


def follow(versions: Versions, git: Git, name: str) -> list[Move]:
    """Move the aliases of a model to where the clone's HEAD has them; return what was moved."""
    return _moved(versions, name, read_served(git, name), ever_released(git, name))


def follow_unserved(versions: Versions, name: str) -> list[Move]:
    """The same of models that no repository serves, which needs no Git: the newest is `candidate`."""
    return _moved(versions, name, Served(Values()), set())


def _moved(versions: Versions, name: str, served: Served, ever: set[str]) -> list[Move]:
    moves = [move for move in _moves(versions.of(name), served, ever) if move.before != move.after]
    for move in moves:
        versions.point(name, move.alias, move.after)
    return moves


def _moves(registered: list[Version], served: Served, ever: set[str]) -> list[Move]:
    by_digest = {each.digest: each for each in reversed(registered)}
    champion = by_digest.get(served.values.digest)
    canary = by_digest.get(served.canary.values.digest) if served.canary else None
    newest = next((each for each in reversed(registered) if not each.removed), None)
    open_ = newest is not None and newest.digest not in ever
    wanted = {CHAMPION: champion, CANARY: canary, CANDIDATE: newest if open_ else None}
    return [Move(alias, _holder(registered, alias), version) for alias, version in wanted.items()]


def _holder(registered: list[Version], alias: str) -> Version | None:
    return next((each for each in registered if alias in each.aliases), None)
