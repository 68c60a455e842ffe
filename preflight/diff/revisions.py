"""Two revisions of this repository, as folders, and as renders of a cluster."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from preflight.diff.compare import Difference, compare
from preflight.errors import ClusterError
from preflight.git import git
from preflight.render.applications import ROOT, clusters
from preflight.render.cluster import FOLDERS, Listener, Render, Unchecked, render

WORKING_TREE = "the working tree"


@dataclass(frozen=True)
class Revision:
    """A folder that holds the repository as it is in a revision.

    name: as people gave it; commit: its full SHA-1, empty for the working tree
    """

    name: str
    commit: str
    tree: Path

    def __str__(self) -> str:
        short = self.commit[:12]
        return (
            f"{self.name} ({short})"
            if short and not self.commit.startswith(self.name)
            else short or self.name
        )


@contextmanager
def revision(repository: Path, name: str | None) -> Iterator[Revision]:
    """A revision in a temporary folder; the working tree as it is, untracked files too, where name is None.

    Raises ClusterError where Git knows no such commit.
    """
    if name is None:
        yield Revision(WORKING_TREE, "", repository)
        return
    commit = _commit(repository, name)
    with tempfile.TemporaryDirectory(prefix="preflight-revision-") as folder:
        tree = Path(folder).resolve()
        _extract(repository, commit, tree)
        yield Revision(name, commit, tree)


def differences(
    before: Revision, after: Revision, names: list[str], listen: Listener = lambda _application: None
) -> list[Difference]:
    """What differs on each of the clusters; a revision without that cluster has nothing on it."""
    return [compare(rendered(before, name, listen), rendered(after, name, listen)) for name in names]


def cluster_names(before: Revision, after: Revision, wanted: str) -> list[str]:
    """The clusters to compare: the one that is wanted, or all that either revision has."""
    known = sorted({*clusters(before.tree), *clusters(after.tree)})
    if wanted and wanted not in known:
        raise ClusterError(f"--cluster {wanted}: neither {before} nor {after} has it; there are: {known}")
    return [wanted] if wanted else known


def rendered(side: Revision, cluster: str, listen: Listener) -> Render:
    """A revision's render; where not even the root builds, an empty one that says so."""
    if cluster not in clusters(side.tree):
        return Render(cluster, side.tree, {}, [])
    try:
        return render(side.tree, cluster, listen)
    except ClusterError as error:
        return Render(cluster, side.tree, {}, [], [Unchecked(ROOT, str(error))])


def _commit(repository: Path, name: str) -> str:
    try:
        return git(repository, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except ClusterError as error:
        raise ClusterError(
            f"{name}: no commit of {repository}; fetch it (git fetch --unshallow), or name another"
        ) from error


def _extract(repository: Path, commit: str, tree: Path) -> None:
    """Write what a render reads, as it is in the commit, without a word in the repository's own files."""
    folders = git(repository, "ls-tree", "-d", "--name-only", commit, *FOLDERS).splitlines()
    if not folders:
        return
    with tempfile.NamedTemporaryFile(suffix=".zip") as archive:
        git(repository, "archive", "--format=zip", f"--output={archive.name}", commit, *folders)
        with zipfile.ZipFile(archive.name) as opened:
            opened.extractall(tree)  # never outside of it, on any Python
