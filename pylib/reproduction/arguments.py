"""The arguments of a recorded step, found again: by name in the store, by digest among files and outputs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pylib.errors import NotFoundError, ReproductionError
from pylib.provenance.digests import sha256_file
from pylib.reproduction.recorded import RecordedStep, Resource
from pylib.store.files import FileRef
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef


def check_files(files: Iterable[Path]) -> None:
    """Raise ReproductionError where a file that somebody named cannot be read."""
    for path in files:
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise ReproductionError(f"--file {path}: {error.strerror}; name a file that is there") from error


@dataclass(frozen=True)
class Arguments:
    """Finds what recorded steps took.

    store: URL of the data store; files: where a file that is recorded by its digest only may be
    made: where the steps leave their folders this time, by the digests (dirHash) that are recorded of them
    """

    store: str
    files: Iterable[Path]
    made: Mapping[str, Path]

    def of(self, step: RecordedStep, outputs: Path) -> dict[str, Any]:
        """What `rerun` is given; its output folders are to be below `outputs`.

        Raises ReproductionError where something is missing, in one line that names it.
        """
        paths: dict[str, str] = {name: str(outputs / name) for name in step.outputs}
        values = dict(step.parameters)
        for name, resource in step.inputs.items():
            uri = str(resource.get("uri", ""))
            if uri.startswith("data:"):
                values[name] = self._commit(uri.removeprefix("data:"), resource)
            elif uri.startswith("store:"):
                values[name] = self._stored(uri.removeprefix("store:"), resource)
            elif folder := self.made.get(resource["digest"].get("dirHash", "")):
                paths[name] = str(folder)
            elif uri:
                values[name] = str(self._file(step, name, resource))
            else:
                paths[name] = str(self._file(step, name, resource))
        return {"step": step.name, "paths": _lists(paths), "values": values}

    def _commit(self, reference: str, resource: Resource) -> str:
        try:
            tree = open_store(self.store).inspect(CommitRef.parse(reference)).tree
        except NotFoundError as error:
            raise ReproductionError(f"data {reference} is not in {self.store}: {error}") from error
        recorded = resource["digest"].get("dirHash")
        if tree != recorded:
            raise ReproductionError(f"data {reference}: its files are {tree}, and {recorded} in the record")
        return reference

    def _stored(self, reference: str, resource: Resource) -> str:
        try:
            found = FileRef.parse(reference).found(open_store(self.store)).sha256
        except NotFoundError as error:
            raise ReproductionError(f"{reference} is not in {self.store}: {error}") from error
        if found != (recorded := resource["digest"].get("sha256")):
            raise ReproductionError(f"{reference}: its SHA-256 is {found}, and {recorded} in the record")
        return reference

    def _file(self, step: RecordedStep, name: str, resource: Resource) -> Path:
        digest = resource["digest"].get("sha256", "")
        for path in self.files:
            if path.is_file() and sha256_file(path) == digest:
                return path
        what = str(resource.get("uri", "")) or name
        raise ReproductionError(
            f"step {step.name}: {what} with SHA-256 {digest[:12]}… is not at hand; name it with --file"
        )


def _lists(paths: Mapping[str, str]) -> dict[str, str | list[str]]:
    """The same with the folders of a list, which are recorded as `heads/0`, `heads/1`, …, under its name."""
    found: dict[str, Any] = {}
    for name, path in paths.items():
        of, slash, _ = name.partition("/")
        if slash:
            found.setdefault(of, []).append(path)
        else:
            found[name] = path
    return found
