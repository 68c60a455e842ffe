"""What a model of images was made with, of its steps' records, its own model.json, its training's history."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pylib.errors import ProvenanceError
from pylib.provenance import statement as records
from pylib.provenance.chain import trainer, upstream
from pylib.store.artifacts import MODEL_FILE, ArtifactStore
from pylib.store.model_folder import model_folder

SPEC, HISTORY = "model.json", "history.json"
_OF_DATA_OR_OF_MANY = {"ingest", "fit_head"}
"""Steps whose parameters are of the data, or of one head of several: model.json has the chosen one."""
_NOT_CHOSEN = {"format", "task", "classes"}


def parameters(folder: Path, history: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name, a dot for each level, lists left out; nothing of what a folder does not have.

    history: what the training wrote of itself, whose values hold where others are of the same name
    """
    spec = json.loads((folder / SPEC).read_bytes()) if (folder / SPEC).is_file() else {}
    chosen = {name: value for name, value in spec.items() if name not in _NOT_CHOSEN}
    trained = history.get("config", {}) | history.get("environment", {})
    return {**dict(_flat(_of_steps(folder))), **dict(_flat(chosen)), **trained}


def stored(digest: str, artifacts: ArtifactStore) -> dict[str, str]:
    """The same as text, of a model in the artifact store; nothing where it is not there any more.

    For versions that were registered before all of it was: what the registry has is what was known then.
    """
    if not artifacts.has_model(digest):
        return {}
    with model_folder(artifacts.url, digest) as folder:
        found = parameters(folder, read_history(folder))
    return {name: str(value) for name, value in sorted(found.items())}


def read_history(folder: Path) -> dict[str, Any]:
    """What the training wrote of itself; nothing where it wrote nothing."""
    path = folder / HISTORY
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _of_steps(folder: Path) -> dict[str, Any]:
    """The parameters of the step that made the model and of those before it; the later step's hold."""
    try:
        bundle = records.read_bundle(folder)
    except (
        ProvenanceError
    ):  # none, or damaged, which `explain` tells of: the model is registered all the same
        return {}
    made = trainer(bundle, MODEL_FILE)
    steps = [made, *upstream(bundle, made)] if made else []
    return {
        name: value
        for each in reversed(steps)
        if records.step_name(each) not in _OF_DATA_OR_OF_MANY
        for name, value in each["predicate"]["buildDefinition"]["externalParameters"].items()
    }


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value is not None and not isinstance(value, list):
            yield f"{before}{name}", value
