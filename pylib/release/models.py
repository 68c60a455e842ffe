"""The served models of a repository in one of its commits: which there are, and what each has released."""

from pathlib import Path

from pylib.release.git import Git
from pylib.release.kustomization import with_served
from pylib.release.manifest import Manifest
from pylib.release.served import Served, Values
from pylib.serving.repository import FORMER, FORMER_NAME, MODELS, kustomization, manifest


def models(git: Git, revision: str = "HEAD") -> list[str]:
    """Name the served models of a commit, sorted."""
    files = git.files(revision, MODELS)
    return sorted(path.parts[2] for path in files if path == manifest(path.parts[2]))


def read_manifest(git: Git, name: str, revision: str = "HEAD") -> Manifest:
    """Read a served model's SeldonDeployment as it is in a commit; raises ReleaseError."""
    path = manifest(name)
    return Manifest(git.read(revision, path), git.folder / path)


def read_served(git: Git, name: str, revision: str = "HEAD") -> Served:
    """Read what a commit serves as the model of that name; nothing where it has no such model."""
    if name in models(git, revision):
        return read_manifest(git, name, revision).served
    if name == FORMER_NAME and git.files(revision, FORMER):
        return Manifest(git.read(revision, FORMER), git.folder / FORMER).served
    return Served(Values())


def read_values(git: Git, name: str, revision: str = "HEAD") -> Values:
    """The champion's: of what that commit serves, the model that most requests go to."""
    return read_served(git, name, revision).values


def merged(git: Git, name: str, ours: str, theirs: str) -> Served:
    """Return what is served once two commits come together: ours, unless only theirs has changed it."""
    kept = read_served(git, name, ours)
    if not git.answers("merge-base", ours, theirs):
        return kept
    base = read_served(git, name, git.run("merge-base", ours, theirs))
    return read_served(git, name, theirs) if kept == base else kept


def written(git: Git, name: str, served: Served, revision: str = "HEAD") -> dict[Path, str]:
    """The files of a commit that serves that, by path, as changes of those of a revision."""
    texts = {manifest(name): read_manifest(git, name, revision).with_served(served).text}
    path = kustomization(name)
    if git.files(revision, path):
        texts[path] = with_served(git.read(revision, path), served)
    return texts
