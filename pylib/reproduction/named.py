"""Which model is meant: a digest, the id of an answer, the Git commit of a release, or a folder."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pylib.errors import ProvenanceError, ReleaseError, ReproductionError
from pylib.provenance.answers import find_prediction
from pylib.provenance.digests import sha256_file
from pylib.provenance.explain import find_model
from pylib.release.git import Git
from pylib.release.models import models, read_served
from pylib.store.artifacts import MODEL_FILE
from pylib.store.model_folder import model_folder


@contextmanager
def named_model(
    what: str, *, artifacts: str, predictions: Path, repositories: Iterable[Path]
) -> Iterator[tuple[Path, str]]:
    """The folder and the digest of the model that is meant.

    repositories: where a Git commit is looked for; ReproductionError where there is no such thing.
    """
    if what and Path(what).is_dir():
        if not (Path(what) / MODEL_FILE).is_file():
            raise ReproductionError(f"{what}: a folder without {MODEL_FILE}; name the model's own folder")
        yield Path(what), sha256_file(Path(what) / MODEL_FILE)
        return
    digest = _digest(what, artifacts, predictions, repositories)
    with model_folder(artifacts, digest) as folder:
        yield folder, digest


def _digest(what: str, artifacts: str, predictions: Path, repositories: Iterable[Path]) -> str:
    prediction = find_prediction(predictions, what)
    try:
        return find_model(artifacts, prediction["model_digest"] if prediction else what)
    except ProvenanceError as error:
        if prediction is None and (digest := _released_by(what, repositories)):
            return find_model(artifacts, digest)
        raise ReproductionError(f"{error}; nor is it a Git commit that released one") from error


def _released_by(what: str, repositories: Iterable[Path]) -> str:
    """The model that a commit released; empty where there is no such commit, or it released none."""
    for folder in repositories:
        git = Git(folder)
        try:
            commit = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{what}^{{commit}}")
        except ReleaseError:
            continue
        return _changed(git, commit)
    return ""


def _changed(git: Git, commit: str) -> str:
    """The digest that a commit brought; of one that brought none, the only one that it has."""
    now = {name: read_served(git, name, commit).digests for name in models(git, commit)}
    parents = git.run("rev-list", "--parents", "--max-count=1", commit).split()[1:]
    before = {name: read_served(git, name, parents[0]).digests for name in now} if parents else {}
    brought = {
        digest for name, digests in now.items() for digest in digests if digest not in before.get(name, [])
    }
    found = brought or {digest for digests in now.values() for digest in digests}
    if len(found) > 1:
        there = ", ".join(f"{name} {digest[:12]}" for name, digests in now.items() for digest in digests)
        raise ReproductionError(f"Git commit {commit[:12]} serves several models: name one of {there}")
    return next(iter(found), "")
