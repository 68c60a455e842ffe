"""What registry, artifact store and Git say of each other, and how it is mended: Git is the truth."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pylib.errors import PylibError, ReleaseError, one_line
from pylib.registry.aliases import follow
from pylib.registry.folder import EVALUATION, Registration, registration
from pylib.registry.places import Places
from pylib.registry.register import EXPERIMENT, drop_copies, register
from pylib.registry.removal import finish
from pylib.registry.versions import Versions
from pylib.release.clone import as_remote
from pylib.release.git import Git
from pylib.release.history import ever_released
from pylib.release.models import models, read_served
from pylib.release.release import push_to


@dataclass(frozen=True)
class Difference:
    """One thing that was not as Git has it; `mended` where it is now."""

    name: str
    what: str
    mended: bool = True


def reconcile(places: Places, versions: Versions, name: str | None = None) -> list[Difference]:
    """Mend what differs, and return it: nothing where all is as Git has it.

    name: of which model; None is all. What the registry lacks is registered whatever it is of.
    Raises ReleaseError where Git itself has two answers or there is no such model, RegistryError where the
    registry cannot be written.
    """
    with places.clone() as git:
        found = [*_pushed(git, places), *_registered(git, places, versions)]
        names = sorted({*models(git), *versions.names()})
        if name is not None and name not in names:
            raise ReleaseError(
                f"no model {name!r} is served or registered; there are: {', '.join(names) or 'none'}"
            )
        for each in [name] if name else names:
            found += _of(each, git, places, versions)
        return found


def _pushed(git: Git, places: Places) -> Iterator[Difference]:
    """Push a commit that was made by a process that was killed before it had pushed it."""
    if not places.push:
        return
    branch, head = git.run("symbolic-ref", "--short", "HEAD"), git.run("rev-parse", "HEAD")
    there = git.run("ls-remote", "--", as_remote(places.source), f"refs/heads/{branch}").partition("\t")[0]
    if there != head:
        push_to(git, as_remote(places.source))
        yield Difference("", f"commit {head[:12]} was not pushed to {places.source}, and is")


def _registered(git: Git, places: Places, versions: Versions) -> Iterator[Difference]:
    """Register what the artifact store has and the registry lacks, as after a time without the tracker."""
    names = models(git)
    known = {each.digest for name in {*names, *versions.names()} for each in versions.of(name)}
    released = {digest: name for name in names for digest in ever_released(git, name)}
    for digest in places.artifacts.list_models():
        if digest not in known:
            yield _register(digest, released.get(digest), git, places, versions)


def _register(
    digest: str, released_as: str | None, git: Git, places: Places, versions: Versions
) -> Difference:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        try:
            places.artifacts.get_model(digest, folder)
            given = registration(folder) or _of_git(digest, released_as, git)
            if given is None or not (folder / EVALUATION).is_dir():
                lacks = "no evaluation" if given else "nothing that says what it is a model of"
                return Difference(
                    released_as or "",
                    f"{digest[:12]} has {lacks} beside it and is not registered",
                    mended=False,
                )
            version = register(versions, folder, digest, given, places.artifacts)
        except PylibError as error:
            return Difference(released_as or "", f"{digest[:12]}: {one_line(error, 300)}", mended=False)
    return Difference(version.name, f"{digest[:12]} was not registered, and is version {version.number}")


def _of_git(digest: str, name: str | None, git: Git) -> Registration | None:
    """What Git says of a model that was released before there was a registry."""
    if name is None:
        return None
    served = read_served(git, name)
    for values in (served.values, *([served.canary.values] if served.canary else [])):
        if values.digest == digest:
            return Registration(name, values.data_commit, values.git_commit)
    return Registration(name)


def _of(name: str, git: Git, places: Places, versions: Versions) -> Iterator[Difference]:
    for copy in drop_copies(versions, name):
        yield Difference(name, f"{copy} was registered twice, and is no more")
    registered, ever = versions.of(name), ever_released(git, name)
    for version in (each for each in registered if each.removed):
        kept = version.digest in ever
        finish(version, versions, places.artifacts, kept=kept)
        yield Difference(name, f"{version} was half removed, and is {'kept' if kept else 'gone'}")
    for run in versions.leftovers(EXPERIMENT.format(name), {each.run for each in versions.of(name)}):
        versions.delete_run(run)
        yield Difference(name, f"run {run} was left by a registration that did not end, and is deleted")
    yield from (Difference(name, str(move)) for move in follow(versions, git, name))
    yield from _lost(name, git, places, versions)


def _lost(name: str, git: Git, places: Places, versions: Versions) -> Iterator[Difference]:
    """Say what no reconciliation can mend: a version without its files, a released model without both."""
    registered = versions.of(name)
    for version in registered:
        if not places.artifacts.has_model(version.digest):
            yield Difference(
                name, f"the files of {version} are gone from {places.artifacts.url}", mended=False
            )
    for served in read_served(git, name).digests:
        if served not in {each.digest for each in registered}:
            what = f"{served[:12]}, which is served, is neither registered nor in {places.artifacts.url}"
            yield Difference(name, what, mended=False)
