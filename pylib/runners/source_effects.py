"""What reviewed data did to a model that was trained again: a source at a time, with it and without it."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pylib.atomic import write_file
from pylib.errors import PylibError
from pylib.models.weights_source import NAMED
from pylib.review.effect import Effect, effects, in_words, new_origins
from pylib.runners.retraining import Need
from pylib.settings import settings
from pylib.store.opening import open_store

EFFECTS = "effects.json"
"""In a run's folder: the figures of each source, a list of pylib.review.effect.Effect."""


def effects_of(data: str, seen: str, arguments: Mapping[str, Any], run: Path) -> list[str]:
    """Say, a line a source, what the items reviewed since the commit `seen` do; keep it in the run's folder.

    arguments: of the pipeline, whose first weights are the frozen network's
    Nothing where no such items came, or nothing was seen before. What cannot be said is said in a line: a
    model is trained all the same.
    """
    if not seen:
        return []
    weights = str(arguments.get("weights") or "none")
    try:
        store = open_store(settings().store)
        commit, former = store.inspect(data), store.inspect(seen)
        if not new_origins(store, commit, former):
            return []
        with tempfile.TemporaryDirectory(prefix="effect-") as folder:
            found = effects(
                store,
                commit,
                weights=weights if weights in NAMED else Path(weights),
                artifacts=settings().artifacts,
                folder=Path(folder),
                since=former,
            )
        write_file(run / EFFECTS, json.dumps([asdict(each) for each in found], indent=2))
    except PylibError as error:
        return [f"what the new data changed: {error}"]
    return [f"what the new data changed: {in_words(each)}" for each in found]


def kept_effects(run: Path) -> list[Effect]:
    """What a run's folder has of it; nothing where it has none, or what is there is damaged."""
    try:
        read = json.loads((run / EFFECTS).read_bytes())
        return [Effect(**each) for each in read]
    except (OSError, ValueError, TypeError):
        return []


def where_to_ask(need: Need) -> list[str]:
    """The command that says it, after a training on a cluster: a pod that waits is no place to compute it."""
    if not need.seen or not need.arguments:
        return []
    asked = f"pylib review effect {need.arguments['data']} --since {need.seen}"
    return [f"what the new data changed: `{asked}` says it"]
