"""Step "release": a judged model to the artifact store and to the Git commit that serves it."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from pylib.provenance.digests import BUNDLE, sha256_file
from pylib.provenance.origin import git_commit
from pylib.provenance.step import Commit, Input, Output, Result, step
from pylib.settings import settings


@step(cached=False)
def release(model: Input, evaluation: Input, released: Output, *, data: Commit, pipeline: str) -> Result:
    """Upload the model, its evaluation and all their records under its digest, then commit that digest.

    It is served under the pipeline's name. Where its gate has `reproduced: true`, it is first rebuilt.
    A model that was set beside the champion and does not beat it is registered only.
    Raises GateError where the evaluation did not pass. Either way the model is registered.
    """
    from pylib.evaluation.record import read_evaluation
    from pylib.registry.folder import Registration, assemble
    from pylib.registry.places import Places
    from pylib.registry.promotion import Kept, release_if_better
    from pylib.reproduction.reproduce import prove
    from pylib.store.artifacts import MODEL_FILE
    from pylib.training.mlflow_log import warn

    place, given = settings(), Registration(pipeline, data, git_commit(model))
    with tempfile.TemporaryDirectory(dir=released.parent) as folder:
        whole = assemble(model, evaluation, Path(folder) / "model", given)
        if read_evaluation(evaluation).gate.reproduced:
            digest, again = sha256_file(whole / MODEL_FILE), Path(folder) / "again"
            prove(whole, digest, store=place.store, folder=again, listen=_rebuilt)
        print(f"puts the model into {place.artifacts}, commits it and registers it", flush=True)  # noqa: T201
        provenance = f"{BUNDLE} beside the model in {place.artifacts}"
        made = release_if_better(
            whole, given, Places.of_settings(), evaluation=evaluation, provenance=provenance
        )
    result: dict[str, Any] = {"name": pipeline, "digest": made.digest, "data_commit": data}
    if isinstance(made, Kept):
        warn(f"{made.digest[:12]} is registered and not released: {made.reason}")
        result |= {"commit": "", "kept": made.reason}
    else:
        result["commit"] = made.commit
    (released / "release.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def _rebuilt(step: str, line: str | None) -> None:
    print(f"rebuilds {step}: {line or 'done'}", flush=True)  # noqa: T201


def check_parameters(pipeline: str) -> None:
    """What the step would say of the name, before anything runs, where the repository is at hand."""
    from pylib.release.git import Git
    from pylib.release.models import models
    from pylib.serving.repository import FORMER_NAME, choose

    source = Path(settings().release_source)
    at_hand = (
        shutil.which("git")
        and (source / ".git").exists()
        and Git(source).answers("rev-parse", "--verify", "--quiet", "HEAD")
    )
    if at_hand and pipeline != FORMER_NAME:
        choose(pipeline, models(Git(source)), f"{source} (its HEAD)")
