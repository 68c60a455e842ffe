"""Promotion: a model that passed the gate goes into the artifact store; a Git commit says it is served."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pylib.errors import GateError, ReleaseError
from pylib.evaluation.gate import decide_again
from pylib.evaluation.record import Evaluation, read_evaluation
from pylib.release.clone import as_remote, commit_manifest, open_clone, read_manifest
from pylib.release.git import Git
from pylib.release.manifest import MANIFEST, Values
from pylib.release.message import commit_message, gate_line
from pylib.store.artifacts import MODEL_FILE, ArtifactStore
from pylib.tasks import task


@dataclass(frozen=True)
class Release:
    """A release: its Git commit, the model's digest, and whether this call made the commit or found it."""

    commit: str
    digest: str
    is_new: bool


@dataclass(frozen=True)
class ReleasedModel:
    """The served model, as the repository at `commit` has it; see `manifest.Values` for the rest."""

    digest: str
    data_commit: str
    git_commit: str
    gate: str
    commit: str


def release(
    model: Path,
    evaluation: Path,
    *,
    artifacts: ArtifactStore,
    repository: Path,
    source: Path | str,
    data_commit: str = "",
    git_commit: str = "",
    provenance: str = "",
    push: bool = False,
) -> Release:
    """Release the model in the folder `model`, which the folder `evaluation` judges.

    The commit is made in a clone at `repository` of the repository `source` (a path or a URL), on top of
    source's HEAD and former releases; `push` sends it to the source's branch of the same name. A model that
    is released already makes no second commit. Rolling back is `git revert` in that clone.

    data_commit, git_commit, provenance: what it learned from, the code that trained it, where its record is.

    Raises:
        GateError: it does not reach the gate, or the export is not the trained model. The model is kept.
        ReleaseError: the evaluation is of another model, or Git or the manifest stands in the way.
        StoreError: the artifact store does not take it.

    """
    judged, digest = read_evaluation(evaluation), _digest(model)
    _check(judged, digest, evaluation)
    artifacts.put_model(model, digest)
    values = Values(digest, data_commit, git_commit, gate_line(judged))
    with open_clone(source, repository) as git:
        manifest = read_manifest(git)
        former = manifest.values
        if former.digest != digest:
            message = commit_message(judged, values, former, provenance)
            commit_manifest(git, manifest.with_values(values), message)
        if push:
            _push(git, as_remote(source))
        return Release(_release_commit(git), digest, is_new=former.digest != digest)


def released(repository: Path) -> ReleasedModel:
    """Read back which model the repository serves.

    Raises ReleaseError where there is no such repository, or nothing was released there.
    """
    if not (repository / ".git").exists():
        raise ReleaseError(f"{repository} is no repository with releases: run `pylib release`")
    git = Git(repository)
    values = read_manifest(git).values
    if not values.digest:
        raise ReleaseError(f"{repository / MANIFEST} names no model yet: run `pylib release`")
    return ReleasedModel(
        values.digest, values.data_commit, values.git_commit, values.gate, commit=_release_commit(git)
    )


def _digest(model: Path) -> str:
    path = model / MODEL_FILE
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}): is {model} a model folder?") from error


def _check(judged: Evaluation, digest: str, evaluation: Path) -> None:
    if judged.model_digest != digest:
        whose = f"model {judged.model_digest[:12]}, not of {digest[:12]}"
        raise ReleaseError(f"{evaluation} is of {whose}: evaluate this model")
    failures = [str(check) for check in decide_again(judged).failures]
    if difference := task.find(judged.task).judgement.difference(judged.parity):
        failures.append(f"export and trained model differ: {difference}")
    if failures:
        report = f"the model is kept, and its report is in {evaluation}"
        raise GateError(f"model {digest[:12]} is not released: {'; '.join(failures)}; {report}")


def _push(git: Git, remote: str) -> None:
    branch = git.run("symbolic-ref", "--short", "HEAD")
    try:
        git.run("push", "--quiet", "--", remote, f"HEAD:refs/heads/{branch}")
    except ReleaseError as error:
        raise ReleaseError(f"{error}; the release is in {git.folder}, release again to push it") from error


def _release_commit(git: Git) -> str:
    return git.run("log", "-1", "--format=%H", "--", MANIFEST.as_posix())
