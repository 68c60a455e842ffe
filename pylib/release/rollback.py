"""The way back: the model that was served before, as a commit like the one `git revert` makes."""

from pathlib import Path

from pylib.errors import ReleaseError
from pylib.release.clone import as_remote, commit_manifests, open_clone
from pylib.release.history import replaced
from pylib.release.models import models
from pylib.release.release import Release, chosen, push_to, release_commit, served_manifest, with_release
from pylib.serving.repository import manifest
from pylib.store.artifacts import ArtifactStore


def roll_back(
    *, name: str | None, artifacts: ArtifactStore, repository: Path, source: Path | str, push: bool
) -> tuple[str, Release]:
    """Serve again what the present model took the place of; return the served name and the commit.

    The commit has the same content as `git revert` of the release has. Again, it goes one release further.
    Raises ReleaseError where nothing was before, or the model that was is no longer in the artifact store.
    """
    with open_clone(source, repository, own=push) as git:
        there = models(git)
        if name is not None and name not in there:
            raise ReleaseError(
                f"nothing serves {name} in {source}, so there is nothing to go back from; it serves: "
                f"{', '.join(there) or 'no model'}"
            )
        name = chosen(git, name, source, with_release(git, there))
        served = served_manifest(git, name)
        if not served.values.digest:
            raise ReleaseError(f"{name}: nothing is released, so there is nothing to go back from")
        back = replaced(git, name, served.values.digest)
        if not artifacts.has_model(back.former.digest):
            raise ReleaseError(
                f"{back.former.digest[:12]}, which {name} served before, is not in {artifacts.url} any more: "
                "promote another model"
            )
        message = f'Revert "{back.subject}"\n\nThis reverts commit {back.commit}.\n'
        commit_manifests(git, {name: served.with_values(back.former)}, message)
        if push:
            push_to(git, as_remote(source))
        return name, Release(release_commit(git, manifest(name)), back.former.digest, is_new=True)
