"""The ways back: the model that was served before, or the champion without its canary, each as a commit."""

from pathlib import Path

from pylib.errors import ReleaseError
from pylib.release.clone import as_remote, commit_files, open_clone
from pylib.release.git import Git
from pylib.release.history import Replaced, replaced
from pylib.release.message import abandoned_message
from pylib.release.models import models, written
from pylib.release.release import Release, chosen, push_to, release_commit, served_manifest, with_release
from pylib.release.served import Served
from pylib.serving.repository import manifest
from pylib.store.artifacts import ArtifactStore


def roll_back(
    *, name: str | None, artifacts: ArtifactStore, repository: Path, source: Path | str, push: bool
) -> tuple[str, Release]:
    """Serve again what the present model took the place of; return the served name and the commit.

    The commit has the same content as `git revert` of the release has, but that it brings no canary back.
    Again, it goes one release further.
    Raises ReleaseError where nothing was before, or the model that was is no longer in the artifact store.
    """
    with open_clone(source, repository, own=push) as git:
        name, served = _served(git, name, source)
        if not served.values.digest:
            raise ReleaseError(f"{name}: nothing is released, so there is nothing to go back from")
        if served.canary:
            raise ReleaseError(
                f"{name} has a {served.canary}: `pylib models abandon {name}` takes it away, then go back"
            )
        back = replaced(git, name, served.values.digest)
        if not artifacts.has_model(back.former.digest):
            raise ReleaseError(
                f"{back.former.digest[:12]}, which {name} served before, is not in {artifacts.url} any more: "
                "promote another model"
            )
        commit_files(git, written(git, name, Served(back.former)), _message(back))
        if push:
            push_to(git, as_remote(source))
        return name, Release(release_commit(git, manifest(name)), back.former.digest, is_new=True)


def abandon(*, name: str | None, repository: Path, source: Path | str, push: bool) -> tuple[str, Release]:
    """Take the canary or shadow away; return the served name, and the commit with the canary's digest.

    None is the only model that has one. Raises ReleaseError where there is none.
    """
    with open_clone(source, repository, own=push) as git:
        if name is None:
            standing = [each for each in models(git) if served_manifest(git, each).served.canary]
            name = standing[0] if len(standing) == 1 else None
        name, served = _served(git, name, source)
        now = served.abandoned(name)
        assert served.canary  # noqa: S101  (else `abandoned` has raised)
        commit_files(git, written(git, name, now), abandoned_message(name, served.canary, now))
        if push:
            push_to(git, as_remote(source))
        return name, Release(release_commit(git, manifest(name)), served.canary.values.digest, is_new=True)


def _served(git: Git, name: str | None, source: Path | str) -> tuple[str, Served]:
    there = models(git)
    if name is not None and name not in there:
        raise ReleaseError(
            f"nothing serves {name} in {source}, so there is nothing to go back from; it serves: "
            f"{', '.join(there) or 'no model'}"
        )
    name = chosen(git, name, source, with_release(git, there))
    return name, served_manifest(git, name).served


def _message(back: Replaced) -> str:
    if back.is_revert:
        return f'Revert "{back.subject}"\n\nThis reverts commit {back.commit}.\n'
    alone = f"{back.former.digest[:12]} is served alone, without the canary that {back.commit} promoted."
    return f'Roll back "{back.subject}"\n\n{alone}\n'
