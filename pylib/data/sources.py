"""Where images come from: a folder, an archive, or a data set known by name."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pylib.data.archives import unpack
from pylib.data.downloads import download
from pylib.errors import DataError
from pylib.provenance.digests import digest_of, dir_hash
from pylib.settings import make_folder
from pylib.tasks.task import DEFAULT, Task, find

SAMPLE = "sample"
KNOWN = (SAMPLE, "oxford-pets")

_PETS_URL = "https://thor.robots.ox.ac.uk/~vgg/data/pets"
_PETS = {
    "images.tar.gz": "67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
    "annotations.tar.gz": "52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
}


@dataclass(frozen=True)
class Source:
    """An opened source: its `folder` of files, a `name` fit for a repository, its `uri` and its digest.

    `digest` is an in-toto digest set: `sha256` of an archive's bytes, `dirHash` of a folder, of the built-in
    sample, or of the archives of a known data set.
    """

    name: str
    folder: Path
    uri: str
    digest: dict[str, str]


@contextmanager
def open_source(source: str, task: Task, *, cache: Path) -> Iterator[Source]:
    """Make a source's files available as a folder for as long as the block runs.

    `source` is a path, or a known name (write ./sample for a folder of that name): `sample` is the task's own
    built-in data set. Downloads are kept in
    `cache`, and archives are unpacked there for as long as they are needed. Raises DataError.
    """
    path = Path(source).expanduser()
    if source not in KNOWN and path.is_dir():
        yield Source(default_name(source), path, path.resolve().as_uri(), _digest(path))
        return
    if source not in KNOWN and not path.is_file():
        raise DataError(f"{source}: no such folder or archive, and no known data set ({', '.join(KNOWN)})")
    make_folder(cache)
    with tempfile.TemporaryDirectory(prefix="source-", dir=cache) as folder:
        if source == SAMPLE:
            yield _sample(task, Path(folder) / "sample")
        elif source == "oxford-pets":
            yield _oxford_pets(Path(folder), cache)
        else:
            unpack(path, Path(folder))
            yield Source(default_name(source), Path(folder), path.resolve().as_uri(), _digest(path))


def _sample(task: Task, folder: Path) -> Source:
    task.sample.make_sample(folder)
    return Source("sample", folder, "pylib:sample", digest_of(folder))


def _oxford_pets(folder: Path, cache: Path) -> Source:
    for name, sha256 in _PETS.items():
        unpack(download(f"{_PETS_URL}/{name}", cache / "oxford-pets" / name, sha256), folder)
    return Source("oxford-pets", folder, _PETS_URL, {"dirHash": dir_hash(_PETS)})


def _digest(path: Path) -> dict[str, str]:
    try:
        return digest_of(path)
    except OSError as error:
        raise DataError(f"{error.filename or path}: {error.strerror or error}; make it readable") from error


def default_name(source: str, task: str | None = None) -> str:
    """Return the repository name that a source gets if nobody names one: its own, less what stores refuse.

    Of the built-in sample it is what the task calls it.
    """
    if source == SAMPLE:
        return find(task or DEFAULT).sample.NAME
    path = Path(source).expanduser()
    text = path.resolve().name if path.is_dir() else re.sub(r"(\.tar)?\.\w+$", "", path.name)
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:63] or "dataset"
