"""A stored model as a folder to read, wherever the artifact store is."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pylib.store.artifacts import ArtifactStore


@contextmanager
def model_folder(artifacts: str, digest: str) -> Iterator[Path]:
    """The model's folder, in place where the artifact store is on this machine, else a copy."""
    url = urlsplit(artifacts)
    if url.scheme == "file":
        yield Path(url2pathname(url.path)) / "models" / digest
        return
    folder = Path(tempfile.mkdtemp())
    try:
        ArtifactStore(artifacts).get_model(digest, folder / digest)
        yield folder / digest
    finally:
        shutil.rmtree(folder)
