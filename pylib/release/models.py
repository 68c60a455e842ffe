"""The served models of a repository in one of its commits: which there are, and what each has released."""

from pylib.release.git import Git
from pylib.release.manifest import Manifest, Values
from pylib.serving.repository import FORMER, FORMER_NAME, MODELS, manifest


def models(git: Git, revision: str = "HEAD") -> list[str]:
    """Name the served models of a commit, sorted."""
    files = git.files(revision, MODELS)
    return sorted(path.parts[2] for path in files if path == manifest(path.parts[2]))


def read_manifest(git: Git, name: str, revision: str = "HEAD") -> Manifest:
    """Read a served model's SeldonDeployment as it is in a commit; raises ReleaseError."""
    path = manifest(name)
    return Manifest(git.read(revision, path), git.folder / path)


def read_values(git: Git, name: str, revision: str = "HEAD") -> Values:
    """Read what a commit has released as the model of that name; nothing where it has no such model."""
    if name in models(git, revision):
        return read_manifest(git, name, revision).values
    if name == FORMER_NAME and git.files(revision, FORMER):
        return Manifest(git.read(revision, FORMER), git.folder / FORMER).values
    return Values()


def merged_values(git: Git, name: str, ours: str, theirs: str) -> Values:
    """Return what is released once two commits come together: ours, unless only theirs has changed it."""
    kept = read_values(git, name, ours)
    if not git.answers("merge-base", ours, theirs):
        return kept
    base = read_values(git, name, git.run("merge-base", ours, theirs))
    return read_values(git, name, theirs) if kept == base else kept
