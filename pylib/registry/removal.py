"""`gc` of models: what is neither among the newest nor was ever released goes, from store and registry.

A version is marked, then its files go, then its run and it: whoever is killed leaves the mark, by which the
next gc or reconciliation goes on.
"""

from dataclasses import dataclass

from pylib.errors import ReleaseError
from pylib.registry.places import Places
from pylib.registry.versions import Version, Versions
from pylib.release.git import Git
from pylib.release.history import ever_released, is_whole
from pylib.release.models import models
from pylib.store.artifacts import ArtifactStore


@dataclass(frozen=True)
class Removed:
    """What was removed (or would be), and the bytes of its files."""

    versions: tuple[Version, ...]
    size: int


def gc(places: Places, versions: Versions, *, keep: int, dry_run: bool) -> Removed:
    """Remove the versions of each model but the newest `keep`, those ever released, and candidates.

    It holds the clone's lock, so no promotion on this machine comes between. Raises ReleaseError where the
    history is not whole, as of a shallow clone: what was released would not be known.
    """
    with places.clone() as git:
        if not is_whole(git):
            raise ReleaseError(
                f"{git.folder} has the newest commits alone, which do not say what was ever released: "
                f"`git -C {git.folder} fetch --unshallow` from a whole repository first"
            )
        doomed = _doomed(git, versions, keep)
        size = sum(places.artifacts.model_size(digest) for digest in {each.digest for each in doomed})
        for version in [] if dry_run else doomed:
            finish(version, versions, places.artifacts, kept=False)
        return Removed(tuple(doomed), size)


def finish(version: Version, versions: Versions, artifacts: ArtifactStore, *, kept: bool) -> None:
    """Remove a version, from wherever it was left; or, where it is to be kept, take its mark away."""
    if kept:
        versions.write(version, {"removed": ""})
        return
    versions.write(version, {"removed": "yes"})
    elsewhere = {
        each.digest for name in versions.names() if name != version.name for each in versions.of(name)
    }
    if version.digest not in elsewhere:
        artifacts.delete_model(version.digest)
    versions.remove(version)


def _doomed(git: Git, versions: Versions, keep: int) -> list[Version]:
    names = versions.names()
    released = {digest for name in {*names, *models(git)} for digest in ever_released(git, name)}
    return [
        version
        for name in names
        for version in _old(versions.of(name), keep)
        if version.digest not in released and (version.removed or not version.aliases)
    ]


def _old(registered: list[Version], keep: int) -> list[Version]:
    """All but the newest, and those that an earlier gc began with."""
    sound = [version for version in registered if not version.removed]
    return [
        version for version in registered if version.removed or version in sound[: max(0, len(sound) - keep)]
    ]
