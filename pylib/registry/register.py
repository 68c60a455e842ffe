"""A judged model's folder as a version in MLflow: its run, its files, its facts."""

import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from pylib.errors import RegistryError
from pylib.evaluation.champion import FILE as CHAMPION
from pylib.evaluation.record import FILE, REPORT
from pylib.provenance.digests import BUNDLE, dir_hash, manifest
from pylib.registry.described import EXAMPLE, LABELS, MLMODEL
from pylib.registry.folder import EVALUATION, Registration
from pylib.registry.judged import JudgedModel, read_judged
from pylib.registry.parameters import HISTORY
from pylib.registry.versions import TEST, Version, Versions, told
from pylib.store.artifacts import ArtifactStore
from pylib.tabular import coefficients, judgement
from pylib.tabular.prepared import TABLE_FILE
from pylib.training.mlflow_log import write_run
from pylib.training.mlflow_names import legal
from pylib.training.mlflow_store import database_file, experiment_id

EXPERIMENT = "models/{}"
"""The experiment of the versions of a model; a run of it is a version."""
_JUDGED = tuple(f"{EVALUATION}/{name}" for name in (REPORT, FILE, CHAMPION, judgement.FILE))
_LEARNED = (HISTORY, "model.json", coefficients.FILE, TABLE_FILE)
_FILES = (*_JUDGED, *_LEARNED, BUNDLE, LABELS, MLMODEL, EXAMPLE)
_LONGEST = 500


def register(
    versions: Versions,
    folder: Path,
    digest: str,
    given: Registration,
    artifacts: ArtifactStore,
    reason: str = "",
) -> Version:
    """Register the model, or find it: a digest has one version. What was judged anew is written anew.

    reason: why a model that passed its gate is not released, where that is not in the folder
    folder: what `assemble` made, and what the artifact store has. Raises RegistryError.
    """
    judged = read_judged(folder, digest)
    facts = _facts(folder, digest, given, judged, reason)
    found = _find(versions, given.name, digest)
    if found is None:
        _write(versions, folder, given.name, artifacts, judged, facts)
        drop_copies(versions, given.name)
    elif found.judged != facts["judged"] or found.removed:
        with told(versions.uri):
            _figures(versions, found.run, judged)
            _files(versions, found.run, folder)
        versions.write(found, {**facts, "removed": ""})
    made = _find(versions, given.name, digest)
    if made is None:
        raise RegistryError(
            f"{given.name} {digest[:12]} was removed while it was registered: register it again"
        )
    return made


def drop_copies(versions: Versions, name: str) -> list[Version]:
    """Leave the first version of each digest, and return the others, of processes at the same time."""
    first: dict[str, Version] = {}
    copies = [each for each in versions.of(name) if first.setdefault(each.digest, each) is not each]
    for copy in copies:
        versions.remove(copy)
    return copies


def _find(versions: Versions, name: str, digest: str) -> Version | None:
    return next((each for each in versions.of(name) if each.digest == digest), None)


def _facts(folder: Path, digest: str, given: Registration, judged: JudgedModel, kept: str) -> dict[str, str]:
    return {
        "digest": digest,
        "verdict": "rejected" if judged.failed else "passed",
        "reason": (judged.failed or kept or judged.kept)[:_LONGEST],
        "score": judged.score,
        "gate": judged.gate[:_LONGEST],
        "data_commit": given.data_commit,
        "git_commit": given.git_commit,
        "judged": dir_hash(manifest(folder / EVALUATION)),
    }


def _write(
    versions: Versions,
    folder: Path,
    name: str,
    artifacts: ArtifactStore,
    judged: JudgedModel,
    facts: Mapping[str, str],
) -> None:
    """Write the run of a version: what the training was given, its epochs, what was measured, its files.

    The version is made before its run is ended, so that a run that has ended without one is left over.
    """

    def also(run: str) -> None:
        _figures(versions, run, judged)
        _files(versions, run, folder)
        versions.add(name, _source(versions, artifacts, facts["digest"], run), run, facts)

    with told(versions.uri):
        experiment = experiment_id(versions.client, EXPERIMENT.format(name), versions.uri)
        tags = {"pylib.digest": facts["digest"], "mlflow.runName": facts["digest"][:12]}
        course = judged.parameters, judged.epochs
        write_run(versions.client, experiment, *course, tags, time.time(), also=also)


def _figures(versions: Versions, run: str, judged: JudgedModel) -> None:
    """Log what the gate could ask for; the names that MLflow does not take are told in tags."""
    from mlflow.entities import Metric, RunTag

    from pylib.training.mlflow_log import NAMES

    now = int(time.time() * 1000)
    values = {TEST + name: value for name, value in judged.values.items() if value is not None}
    tags = [RunTag(f"{NAMES}{legal(name)}", name) for name in values if legal(name) != name]
    metrics = [Metric(legal(name), float(value), now, 0) for name, value in values.items()]
    for start in range(0, len(metrics), 100):
        versions.client.log_batch(run, metrics=metrics[start : start + 100], tags=tags[start : start + 100])


def _files(versions: Versions, run: str, folder: Path) -> None:
    """Log the small files, for who looks through MLflow; the model itself lies in the artifact store."""
    with tempfile.TemporaryDirectory() as place:
        for name in _FILES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, Path(place) / Path(name).name)
        versions.client.log_artifacts(run, place, "model")


def _source(versions: Versions, artifacts: ArtifactStore, digest: str, run: str) -> str:
    """Where the model lies; where it is a folder of this machine, which no server takes, the run's files."""
    url = f"{artifacts.url}/models/{digest}"
    if "://" in url and not url.startswith("file:"):
        return url
    if database_file(versions.uri):
        return url
    with told(versions.uri):
        return f"{versions.client.get_run(run).info.artifact_uri}/model"
