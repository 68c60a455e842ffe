"""Which checkout a command looks at: the one it is called in, not the one pylib is installed from."""

from pathlib import Path

from preflight.errors import ClusterError

FOLDERS = ("argocd-apps", "cluster-conf")


def current() -> Path:
    """The checkout that encloses the current folder.

    Raises ClusterError where none does.
    """
    return enclosing(Path.cwd())


def enclosing(start: Path) -> Path:
    """The nearest folder at or above `start` that describes clusters, within its Git work tree."""
    for folder in (start, *start.parents):
        if all((folder / name).is_dir() for name in FOLDERS):
            return folder
        if (folder / ".git").exists():
            break
    raise ClusterError(
        f"{start}: no checkout with {' and '.join(FOLDERS)} encloses it; go to one, or name it with --tree"
    )
