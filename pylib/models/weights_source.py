"""What `weights` means, said once: `none`, `imagenet`, a file of this machine, or one of the versioned store.

A run pins it, so that every record means the same bytes; for a cluster a file becomes one of the store, since
its steps read nothing else; a step fetches it.
"""

from pathlib import Path
from typing import Literal

from pylib.errors import PipelineError, StoreError
from pylib.store.files import FileRef, keep
from pylib.store.opening import open_store

Named = Literal["imagenet", "none"]
Weights = Path | Named
"""What the network's builder takes: a file at hand, or the name of weights that need none."""

NAMED: tuple[Named, ...] = ("none", "imagenet")
REPOSITORY = "weights"
"""The repository that files are committed to."""


_BEGINNINGS = (b"\x89HDF\r\n\x1a\n", b"PK\x03\x04")
"""How a file of weights begins: one of HDF5, or a zip."""


def check(weights: str) -> None:
    """Raise StoreError for what looks like a file of the store and names none; nothing is opened."""
    if weights not in NAMED and "@" in weights and not Path(weights).exists():
        FileRef.parse(weights)


def pinned(weights: str, store: str) -> str:
    """The same by the id of its commit, or by its whole path; StoreError or PipelineError where it is not.

    store: the URL of the versioned store
    """
    if weights in NAMED:
        return weights
    if FileRef.names(weights):
        return str(FileRef.parse(weights).pinned(open_store(store)))
    if not Path(weights).is_file():
        raise PipelineError(
            f"--weights {weights}: no such file; give none, imagenet, a Keras weights file, "
            "or repository@commit:path in the store"
        )
    with Path(weights).open("rb") as file:
        if not file.read(8).startswith(_BEGINNINGS):
            raise PipelineError(f"--weights {weights}: neither HDF5 (.h5) nor an archive of Keras (.keras)")
    return str(Path(weights).resolve())


def shared(weights: str, store: str) -> str:
    """The same as every machine with this store can read it: a file of this one is committed."""
    if weights in NAMED or FileRef.names(weights):
        return weights
    file = Path(weights)
    try:
        return str(keep(open_store(store), REPOSITORY, file, f"First weights, from {file.name}"))
    except StoreError as error:
        raise StoreError(
            f"--weights {file}: steps on a cluster read no file of this machine, and it cannot be committed: "
            f"{error}"
        ) from error


def fetched(weights: str, store: str, folder: Path) -> Weights:
    """What the network's builder takes; a file of the store is written into the folder."""
    if weights in NAMED:
        return weights
    if FileRef.names(weights):
        return FileRef.parse(weights).fetch(open_store(store), folder)
    return Path(weights)
