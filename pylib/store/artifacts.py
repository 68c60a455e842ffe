"""Models by digest, in a folder or a bucket: what release uploads and the model server loads.

Imports nothing but obstore, pylib.errors and pylib.store.objects: the serving environment uses it too.
Layout: `<url>/models/<SHA-256 of model.onnx>/<file>`, one folder a model, never changed once complete.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import obstore

from pylib.errors import StoreError
from pylib.store.objects import open_url, store_errors

MODEL_FILE = "model.onnx"
"""The file that the digest is of; uploaded last, so a model is complete exactly when it is there."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MODEL_KEY = re.compile(rf"models/([0-9a-f]{{64}})/{re.escape(MODEL_FILE)}")


class ArtifactStore:
    """Models in an object store, by digest.

    `url` is `file:///folder` (or a plain path), `s3://bucket/prefix`, `gs://bucket/prefix` or
    `az://account/container/prefix`. S3 takes the standard `AWS_*` variables, among them
    `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`); plain http is allowed where that endpoint is http.
    All methods raise `StoreError`.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        with store_errors(f"artifact store {url}"):
            self._store = open_url(self.url)

    def put_model(self, folder: Path, digest: str) -> None:
        """Upload each file of the model folder; `digest` is the SHA-256 of its model.onnx, in hex.

        Idempotent: a model that is there already, whole, keeps its files; those it lacks are added.
        """
        source = Path(folder)
        if _sha256(source / MODEL_FILE) != _checked(digest):
            raise StoreError(
                f"{source / MODEL_FILE} does not have the digest {digest}: export the model again"
            )
        for name in _upload_order(source, present=self._complete_files(digest)):
            key = f"models/{digest}/{name}"
            with store_errors(f"upload of {source / name} to {self.url}/{key}"):
                obstore.put(self._store, key, source / name)

    def get_file(self, key: str) -> bytes:
        """Return the object at `key`, e.g. `models/<digest>/model.onnx`, whose digest is verified."""
        with store_errors(f"{self.url}/{key}"):
            data = bytes(obstore.get(self._store, key).bytes())
        model = _MODEL_KEY.fullmatch(key)
        if model and hashlib.sha256(data).hexdigest() != model[1]:
            raise StoreError(
                f"{self.url}/{key} is damaged, its SHA-256 differs from its name: release it again"
            )
        return data

    def get_model(self, digest: str, target: Path) -> None:
        """Download the model into the folder `target`, which appears whole or not at all."""
        files = self._files(_checked(digest))
        if MODEL_FILE not in files:
            raise StoreError(f"no model {digest} in {self.url}: release it there, or correct ARTIFACT_STORE")
        if target.exists() and any(target.iterdir()):
            raise StoreError(f"{target} is not empty: name a new folder for the model")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as partial:
            folder = Path(partial) / "model"
            for name in files:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.get_file(f"models/{digest}/{name}"))
            folder.replace(target)

    def list_models(self) -> list[str]:
        """Return the digests of all complete models, sorted."""
        return sorted(match[1] for key in self._keys("models/") if (match := _MODEL_KEY.fullmatch(key)))

    def has_model(self, digest: str) -> bool:
        """Tell whether the model is there whole; its content is not looked at."""
        return MODEL_FILE in self._files(_checked(digest))

    def has_file(self, digest: str, name: str) -> bool:
        """Tell whether the model's folder has a file of that name."""
        return name in self._files(_checked(digest))

    def renew(self, folder: Path, digest: str, names: Iterable[str]) -> None:
        """Write these files of the model folder anew, such as what was judged of it again; not the model."""
        for name in names:
            key = f"models/{_checked(digest)}/{name}"
            with store_errors(f"upload of {folder / name} to {self.url}/{key}"):
                obstore.put(self._store, key, folder / name)

    def model_size(self, digest: str) -> int:
        """Bytes of all its files."""
        prefix = f"models/{_checked(digest)}/"
        with store_errors(f"listing of {self.url}/{prefix}"):
            return sum(entry["size"] for batch in obstore.list(self._store, prefix=prefix) for entry in batch)

    def delete_model(self, digest: str) -> None:
        """Delete a model, whole or in parts: model.onnx first, so that what a kill leaves is no model."""
        for name in sorted(self._files(_checked(digest)), key=lambda name: name != MODEL_FILE):
            with store_errors(f"deletion of {self.url}/models/{digest}/{name}"):
                obstore.delete(self._store, f"models/{digest}/{name}")

    def _complete_files(self, digest: str) -> set[str]:
        """Return the files of a model that is there whole; none where model.onnx is absent or damaged."""
        files = self._files(digest)
        if MODEL_FILE not in files:
            return set()
        try:
            self.get_file(f"models/{digest}/{MODEL_FILE}")
        except StoreError:
            return set()
        return set(files)

    def _files(self, digest: str) -> list[str]:
        folder = f"models/{digest}/"
        return sorted(key.removeprefix(folder) for key in self._keys(folder))

    def _keys(self, prefix: str) -> list[str]:
        with store_errors(f"listing of {self.url}/{prefix}"):
            return [entry["path"] for batch in obstore.list(self._store, prefix=prefix) for entry in batch]


def _upload_order(folder: Path, *, present: set[str]) -> list[str]:
    """Return the folder's files that are still to be uploaded, model.onnx last."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return sorted(files - present, key=lambda name: (name == MODEL_FILE, name))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}): is this a model folder?") from error


def _checked(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise StoreError(f"{digest!r} is not a model digest: give 64 hexadecimal digits in lower case")
    return digest
