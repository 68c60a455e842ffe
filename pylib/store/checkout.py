"""A commit's files in a folder of one's own: cloned, linked or copied, verified, all of them or none.

Where the filesystem can, files are clones (copy on write), free to be edited. Where it cannot, they are hard
links to the blobs, whose mode 0444 keeps them from being edited in place; to change one, replace it. Root is
not held by modes, so root gets copies. However a blob was edited nevertheless, `fsck` finds it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from pylib.errors import StoreError
from pylib.store.blobs import SMALL, Blobs, parallel
from pylib.store.copying import clone, copy_hashed
from pylib.store.paths import check_path
from pylib.store.protocol import File

Method = Literal["clone", "link", "copy"]


def write_folder(blobs: Blobs, files: Sequence[File], target: Path) -> Method:
    """Write files of a local store below `target`, a folder that is new or empty; return how."""
    with new_folder(target) as folder:
        make_parents(folder, files)
        method = _method(blobs, folder)
        parallel(lambda file: _write(blobs, file, folder / file.path, method), files, "checkout")
    return method


def write_stream(files: Iterable[tuple[str, IO[bytes]]], target: Path) -> None:
    """Write files that come one after another below `target`, a folder that is new or empty."""
    with new_folder(target) as folder:
        for path, stream in files:
            place = folder / check_path(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                shutil.copyfileobj(stream, file)


def make_parents(folder: Path, files: Iterable[File]) -> None:
    """Make the folders that the files will lie in."""
    for parent in {(folder / file.path).parent for file in files}:
        parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a folder that becomes `target` at the end, and is deleted where there was an error."""
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as partial:
        folder = Path(partial) / "files"
        folder.mkdir()
        yield folder
        folder.replace(target)


def check_target(target: Path) -> None:
    """Raise `StoreError` unless the folder is new or empty."""
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise StoreError(f"{target} exists and is no empty folder: name a new one")


def _method(blobs: Blobs, folder: Path) -> Method:
    with tempfile.TemporaryFile(dir=blobs.root) as source, tempfile.TemporaryFile(dir=folder) as target:
        source.write(b"probe")
        source.flush()
        if clone(source.fileno(), target.fileno()):
            return "clone"
    same_device = blobs.folder.stat().st_dev == folder.stat().st_dev
    return "link" if same_device and os.geteuid() != 0 else "copy"


def _write(blobs: Blobs, file: File, target: Path, method: Method) -> None:
    with blobs.opened(file) as source:
        if method == "link" and _link(blobs.path(file.sha256), target):
            digest, _ = copy_hashed(source, None)
        else:
            digest = _copy(source, target, cloned=method == "clone" and file.size > SMALL)
    if digest != file.sha256:
        raise blobs.damaged(file)


def _copy(source: int, target: Path, *, cloned: bool) -> str:
    with target.open("xb", buffering=0) as file:
        shared = cloned and clone(source, file.fileno())
        return copy_hashed(source, None if shared else file.fileno())[0]


def _link(source: Path, target: Path) -> bool:
    """Make a hard link; False where the kernel refuses (another's file, too many links), to be copied."""
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True
