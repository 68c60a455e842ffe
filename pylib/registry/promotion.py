"""A model to the registry and, where it may, to the Git commit that serves it; and the way back.

The Git commit is the truth, so it goes first and the aliases follow what the clone has then. A crash between
the two leaves aliases behind, never a model that is served without a commit; `reconcile` moves them. The
registry is a record: where it cannot be written that costs one line, and `reconcile` makes up for it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pylib.errors import GateError, PylibError, RegistryError, one_line
from pylib.evaluation.champion import read_comparison
from pylib.evaluation.record import read_evaluation
from pylib.registry.aliases import follow, follow_unserved
from pylib.registry.folder import EVALUATION, Registration, upload
from pylib.registry.judged import read_judged
from pylib.registry.places import Places
from pylib.registry.register import register
from pylib.registry.versions import Version, Versions
from pylib.release.models import read_served
from pylib.release.release import Release, check, digest_of, release
from pylib.release.rollback import abandon as take_away
from pylib.release.rollback import roll_back
from pylib.settings import settings
from pylib.training.mlflow_log import warn

_UNASKED = "PYLIB_RELEASE=false: `pylib models promote candidate` releases it, or with --canary 10 to some"


@dataclass(frozen=True)
class Kept:
    """A model that is registered and not released, and why."""

    digest: str
    reason: str


def release_and_register(
    folder: Path,
    given: Registration,
    places: Places,
    *,
    evaluation: Path,
    provenance: str = "",
    traffic: int | None = None,
) -> Release:
    """Release a judged model, whose folder `assemble` made, and register it; it becomes `champion`.

    evaluation: where a person finds what it was judged by
    traffic: per cent of the requests that it answers, as `canary`; 0 as a shadow, None is all of them
    Raises GateError where it does not reach its gate: then it is registered with that as the reason.
    ReleaseError and StoreError as `release` does.
    """
    digest = _checked(folder, given, places, evaluation)
    upload(places.artifacts, folder, digest)
    made = _commit(folder, given, places, provenance, traffic)
    _record(folder, digest, given, places)
    return made


def release_if_better(
    folder: Path, given: Registration, places: Places, *, evaluation: Path, provenance: str = ""
) -> Release | Kept:
    """The same, but a model that was set beside the champion and does not beat it is registered alone.

    So is one that comes while another model stands as canary, and each where PYLIB_RELEASE is false.
    """
    digest = _checked(folder, given, places, evaluation)
    reason = _UNASKED if not settings().release else _not_better(folder, digest, given.name, places)
    if not reason:
        return release_and_register(folder, given, places, evaluation=evaluation, provenance=provenance)
    _keep(folder, digest, given, places, reason)
    return Kept(digest, reason)


def _checked(folder: Path, given: Registration, places: Places, evaluation: Path) -> str:
    """The model's digest; a model that does not reach its gate is registered, and GateError says so."""
    judged, digest = read_evaluation(folder / EVALUATION), digest_of(folder)
    try:
        check(judged, digest, evaluation, folder)
    except GateError:
        _keep(folder, digest, given, places)
        raise
    return digest


def _not_better(folder: Path, digest: str, name: str, places: Places) -> str:
    """Why a model should not take the champion's place; empty where it may, or nobody named a champion."""
    found = read_comparison(folder / EVALUATION)
    with places.clone() as git:
        now = read_served(git, name)
    if now.canary and digest not in now.digests:
        return f"{name} has a {now.canary} by now: promote or abandon that, then promote this one"
    if found is None or digest == found.champion:
        return ""
    served = now.values.digest
    if served != found.champion:
        there = served[:12] or "nothing"
        return (
            f"it was set beside the champion {found.champion[:12]}, and by now {there} is served: train again"
        )
    return found.reason


def keep_unserved(folder: Path, given: Registration, places: Places) -> None:
    """Register a judged model of a kind that nothing serves: the newest is `candidate`, and no Git is asked.

    Whatever stands in the way of that is said in one line.
    """
    digest = digest_of(folder)
    if not _stored(folder, digest, places):
        return
    with _later(places):
        versions = places.versions()
        register(versions, folder, digest, given, places.artifacts)
        follow_unserved(versions, given.name)


def _keep(folder: Path, digest: str, given: Registration, places: Places, reason: str = "") -> None:
    """Register a model that is not released; whatever stands in the way of that is said in one line."""
    if _stored(folder, digest, places):
        _record(folder, digest, given, places, reason)


def _stored(folder: Path, digest: str, places: Places) -> bool:
    """Put it into the artifact store; where that does not take it, say so in one line."""
    try:
        upload(places.artifacts, folder, digest)
    except PylibError as error:
        warn(f"{digest[:12]} was not put into {places.artifacts.url} ({one_line(error)}), nor registered")
        return False
    return True


def promote(
    version: Version,
    places: Places,
    versions: Versions,
    *,
    traffic: int | None = None,
    standing: bool = False,
) -> Release:
    """Release a registered model: what `release` refuses is refused here too. Then its aliases follow.

    traffic: as in `release_and_register`
    standing: whether it is to be released as the canary that stands: one that somebody abandons meanwhile is
        refused
    Raises GateError, ReleaseError, and RegistryError where gc removes it or its files are gone.
    """
    if version.removed:
        raise RegistryError(f"{version} is being removed by gc: promote another one, or train it again")
    if not places.artifacts.has_model(version.digest):
        raise RegistryError(
            f"{version} has no {version.digest} in {places.artifacts.url} any more: `pylib models gc`, or "
            "somebody, removed it; train it again"
        )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        places.artifacts.get_model(version.digest, folder)
        if not (folder / EVALUATION).is_dir():
            raise RegistryError(f"{version} has no evaluation beside it: `pylib release` it with one")
        if not read_judged(folder, version.digest).served:
            raise RegistryError(
                f"{version} is a model of a table, and nothing serves such a model: load its model.onnx from "
                f"{places.artifacts.url}/models/{version.digest}"
            )
        there = f"{places.artifacts.url}/models/{version.digest}/{EVALUATION}"
        check(read_evaluation(folder / EVALUATION), version.digest, there, folder)
        given = Registration(version.name, version.data_commit, version.git_commit)
        record = f"MLflow, version {version.number} of {version.name}"
        made = _commit(folder, given, places, record, traffic, standing=standing)
    aliases_follow(version.name, places, versions)
    return made


def rollback(name: str | None, places: Places) -> Release:
    """Serve again what the present model took the place of; raises ReleaseError."""
    name, made = roll_back(
        name=name,
        artifacts=places.artifacts,
        repository=places.repository,
        source=places.source,
        push=places.push,
    )
    with _later(places):
        aliases_follow(name, places, places.versions())
    return made


def abandon(name: str | None, places: Places) -> Release:
    """Take the canary or shadow away, and leave the champion alone; raises ReleaseError."""
    name, made = take_away(name=name, repository=places.repository, source=places.source, push=places.push)
    with _later(places):
        aliases_follow(name, places, places.versions())
    return made


def aliases_follow(name: str, places: Places, versions: Versions) -> None:
    """Move the aliases of a model to what the clone has; what stands in the way costs a line."""
    with _later(places), places.clone() as git:
        follow(versions, git, name)


def _commit(
    folder: Path,
    given: Registration,
    places: Places,
    provenance: str,
    traffic: int | None = None,
    *,
    standing: bool = False,
) -> Release:
    return release(
        folder,
        folder / EVALUATION,
        name=given.name,
        artifacts=places.artifacts,
        repository=places.repository,
        source=places.source,
        push=places.push,
        data_commit=given.data_commit,
        git_commit=given.git_commit,
        provenance=provenance,
        traffic=traffic,
        standing=standing,
    )


def _record(folder: Path, digest: str, given: Registration, places: Places, reason: str = "") -> None:
    with _later(places):
        versions = places.versions()
        register(versions, folder, digest, given, places.artifacts, reason)
        aliases_follow(given.name, places, versions)


@contextmanager
def _later(places: Places) -> Iterator[None]:
    """Say in one line what the registry could not take; the release stands."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # whatever a tracking server does, the release stands
        told = one_line(error, 300)
        with suppress(Exception):
            where = "" if str(places.tracking) in told else f"MLflow at {places.tracking}: "
            warn(f"{where}{told}; the registry is behind, `pylib models reconcile` mends it")
