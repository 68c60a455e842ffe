"""Whether a pipeline's model should be trained again: its data branch beside the champion's data."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pylib.errors import ConfigurationError
from pylib.registry.places import Places
from pylib.release.models import models, read_values
from pylib.runners import pipelines
from pylib.runners.champion import inherited
from pylib.settings import make_folder, settings
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef

BRANCH = "master"
_LOCK = "retrain.lock"
_FOUND = {"options", "encoder", "alpha", "backbone", "heads"}
"""What a search may have found: where a person says one of them, the record is not to name the search."""


@dataclass(frozen=True)
class Need:
    """The arguments of a retraining; None where the champion has seen all, and then `why` says so.

    seen: the data commit that the champion learned from, empty where there is none
    """

    arguments: dict[str, Any] | None
    why: str
    seen: str = ""


def need(pipeline: str, given: dict[str, Any], *, always: bool) -> Need:
    """Look at the branch and at what the newest commit of Git serves.

    given: the pipeline's arguments; without `data`, the branch `master` of what the champion learned from;
        what is not given is as the champion was trained with
    Raises ConfigurationError, ReleaseError or StoreError, where one of them cannot be read.
    """
    with Places.of_settings().clone() as git:
        if pipeline not in models(git):
            raise ConfigurationError(f"{pipeline}: it serves no model to train again; `pylib run {pipeline}`")
        champion = read_values(git, pipeline)
    branch = str(given.get("data") or _branch(pipeline, champion.data_commit))
    head = open_store(settings().store).inspect(CommitRef.parse(branch))
    commit = f"{head.repository}@{head.id}"
    if champion.data_commit == commit and not always:
        return Need(None, f"{champion.digest[:12]}, which is served, learned from {commit} already: "
                          f"{branch} has nothing newer; --always trains all the same")  # fmt: skip
    what = f"{commit}; the champion is {champion.digest[:12] or 'none yet'}"
    if not champion.digest:
        return Need({**given, "data": commit}, what)
    takes = set(pipelines.parameters(pipelines.load(pipeline)))
    wanted = takes - given.keys() - {"data", "champion"}
    wanted -= {"search"} if _FOUND & given.keys() else set()
    own, said = inherited(champion.digest, settings().artifacts, wanted)
    beside = {"champion": champion.digest} if "champion" in takes else {}
    return Need(
        {**own, **given, "data": commit, **beside}, f"{what}; {said}" if said else what, champion.data_commit
    )


def _branch(pipeline: str, data_commit: str) -> str:
    repository, at, _ = data_commit.partition("@")
    if not at:
        what = f"{pipeline} has no released model that says which data it learned from"
        raise ConfigurationError(f"{what}: name it, --data repository@branch")
    return f"{repository}@{BRANCH}"


@contextmanager
def turn(output: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the turn of this machine's retrainings, after `waiting` where another one goes on.

    The system gives it back when the process ends, however it ends.
    """
    make_folder(output)
    with (output / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
