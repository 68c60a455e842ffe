"""A folder that appears complete or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pylib.errors import DataError


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside target to write into; it becomes target when the block ends without an error.

    Raises DataError if target is there already and not an empty folder.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{target} already holds files: name another folder, or remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield partial
        partial.chmod(0o755)  # mkdtemp's 0700 would lock out the other users of a shared volume
        partial.replace(target)  # onto an empty folder this is allowed, and atomic
    except OSError as error:
        raise DataError(f"{target} could not be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
