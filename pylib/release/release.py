"""Promotion: a model that passed the gate goes into the artifact store; a Git commit says it is served."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pylib.errors import GateError, ReleaseError
from pylib.evaluation.gate import BESIDE, decide_again
from pylib.evaluation.record import Evaluation, read_evaluation
from pylib.provenance.reproduced import is_reproduced
from pylib.release.clone import as_remote, commit_files, open_clone
from pylib.release.git import Git
from pylib.release.manifest import Manifest
from pylib.release.message import commit_message, gate_line
from pylib.release.models import models, read_manifest, read_served, read_values, written
from pylib.release.served import Canary, Values
from pylib.serving.repository import FORMER, FORMER_NAME, choose, manifest
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
    """A served model, as the repository at `commit` has it; see `served.Values` for the rest.

    commit: the newest that changed what is served; canary: what stands beside it
    """

    name: str
    digest: str
    data_commit: str
    git_commit: str
    gate: str
    commit: str
    canary: Canary | None = None


def release(
    model: Path,
    evaluation: Path,
    *,
    name: str | None,
    artifacts: ArtifactStore,
    repository: Path,
    source: Path | str,
    data_commit: str = "",
    git_commit: str = "",
    provenance: str = "",
    push: bool = False,
    traffic: int | None = None,
    standing: bool = False,
) -> Release:
    """Release the model in the folder `model`, which the folder `evaluation` judges, to be served as `name`.

    None is the only model that the repository serves, or of several the one that is named as the task is.

    The commit is made in a clone at `repository` of the repository `source` (a path or a URL), on top of
    source's HEAD and former releases; `push` sends it to the source's branch of the same name. A model that
    is released already makes no second commit. Rolling back is `git revert` in that clone.

    data_commit, git_commit, provenance: what it learned from, the code that trained it, where its record is.
    traffic: per cent of the requests that it answers as a canary, 0 as a shadow; None is all of them, which
        promotes a model that is the canary
    standing: whether it is meant as the canary or shadow that it was when somebody looked

    Raises:
        GateError: it does not reach the gate, or the export is not the trained model. The model is kept.
        ReleaseError: the evaluation is of another model, another canary stands, `standing` holds no more,
            or Git or the manifest is in the way.
        StoreError: the artifact store does not take it.

    """
    judged, digest = read_evaluation(evaluation), digest_of(model)
    check(judged, digest, evaluation, model)
    values = Values(digest, data_commit, git_commit, gate_line(judged.gate))
    with open_clone(source, repository) as git:
        artifacts.put_model(model, digest)  # under the lock: what is committed, no gc has removed meanwhile
        name = chosen(git, name, source, [judged.task])
        former = served_manifest(git, name).served
        if standing:
            former.check_standing(name, digest)
        now = former.released(name, values, traffic)
        if now.models != former.models:
            check_beside(judged, former.values.digest)
            message = commit_message(name, judged, now, former, provenance)
            commit_files(git, written(git, name, now), message)
        if push:
            push_to(git, as_remote(source))
        return Release(release_commit(git, manifest(name)), digest, is_new=now.models != former.models)


def released(repository: Path, name: str | None = None) -> ReleasedModel:
    """Read back which model the repository serves as `name`; None is the only one.

    Raises:
        ReleaseError: there is no such repository, or nothing was released there.
        ConfigurationError: it serves no model of that name, or several where none was named.

    """
    if not (repository / ".git").exists():
        raise ReleaseError(f"{repository} is no repository with releases: run `pylib release`")
    git = Git(repository)
    former = [FORMER_NAME] if git.files("HEAD", FORMER) else []
    there = models(git) or former
    name = choose(name, there, repository, with_release(git, there))
    served = read_served(git, name)
    if not served.values.digest:
        raise ReleaseError(f"{repository / manifest(name)} names no model yet: run `pylib release`")
    path = manifest(name) if there is not former else FORMER
    commit = release_commit(git, path)
    return ReleasedModel(name, **asdict(served.values), commit=commit, canary=served.canary)


def with_release(git: Git, names: Sequence[str]) -> list[str]:
    """Those of the served models that name a model in HEAD."""
    return [name for name in names if read_values(git, name).digest]


def chosen(git: Git, name: str | None, source: Path | str, likely: Sequence[str]) -> str:
    """The served model of that name, None the only one or the likely one.

    Raises ReleaseError or ConfigurationError where there is no such.
    """
    there = models(git)
    if name is not None and name not in there:
        example = manifest(there[0]).parents[1] if there else "that of another model there"
        how = f"copy {example}, name it {name} inside, and commit it"
        raise ReleaseError(f"{source} has no {manifest(name).parents[1]} to serve {name}: {how}")
    return choose(name, there, source, likely)


def served_manifest(git: Git, name: str) -> Manifest:
    """The SeldonDeployment of that name in HEAD; ReleaseError where it is called otherwise inside."""
    found = read_manifest(git, name)
    if found.name != name:
        what = f"names its SeldonDeployment {found.name!r}, and the folder says {name!r}"
        raise ReleaseError(f"{found.path} {what}: give both one name")
    return found


def digest_of(model: Path) -> str:
    """SHA-256 of the model in a folder; ReleaseError where there is none."""
    path = model / MODEL_FILE
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}): is {model} a model folder?") from error


def check(judged: Evaluation, digest: str, evaluation: Path | str, model: Path) -> None:
    """Raise GateError where a model may not be released, ReleaseError where `evaluation` is of another."""
    if judged.model_digest != digest:
        whose = f"model {judged.model_digest[:12]}, not of {digest[:12]}"
        raise ReleaseError(f"{evaluation} is of {whose}: evaluate this model")
    failures = [str(check) for check in decide_again(judged).failures]
    if difference := task.find(judged.task).judgement.difference(judged.parity):
        failures.append(f"export and trained model differ: {difference}")
    if judged.gate.reproduced and not is_reproduced(model, digest):
        failures.append(
            "it was not rebuilt bit for bit, which its gate asks for: release it with --reproduced"
        )
    if failures:
        report = f"the model is kept, and its report is in {evaluation}"
        raise GateError(f"model {digest[:12]} is not released: {'; '.join(failures)}; {report}")


def check_beside(judged: Evaluation, served: str) -> None:
    """Raise GateError where the gate asks for a comparison with the served model, and there was none."""
    asked = [check.metric for check in judged.gate.checks if check.metric in BESIDE]
    if not served or not asked or (judged.served and judged.served.digest == served):
        return
    other = judged.served.digest[:12] if judged.served else "none"
    raise GateError(
        f"model {judged.model_digest[:12]} is not released: its gate asks for {', '.join(asked)}, and it was "
        f"set beside {other}, not beside {served[:12]}, which is served: run it with -p champion={served}"
    )


def push_to(git: Git, remote: str) -> None:
    """Push HEAD to the branch of the same name."""
    branch = git.run("symbolic-ref", "--short", "HEAD")
    try:
        git.run("push", "--quiet", "--", remote, f"HEAD:refs/heads/{branch}")
    except ReleaseError as error:
        raise ReleaseError(f"{error}; the release is in {git.folder}, release again to push it") from error


def release_commit(git: Git, path: Path) -> str:
    """The newest commit that changed what is served by the manifest at that path."""
    return git.run("log", "-1", "--format=%H", "--", path.as_posix())
