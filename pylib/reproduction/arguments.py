"""The arguments of a recorded step, found again: by name in the store, by digest among files and outputs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pylib.errors import NotFoundError, ReproductionError
from pylib.provenance.digests import sha256_file
from pylib.reproduction.recorded import RecordedStep, Resource
from pylib.store.files import FileRef
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef


@dataclass
class Arguments:
    """Finds what recorded steps took.

    store: URL of the data store; files: where a file that is recorded by its digest only may be
    made: folders of the steps done again, by the digest (dirHash) that was recorded of them
    """

    store: str
    files: Iterable[Path]
    made: dict[str, Path] = field(default_factory=dict)

    def of(self, step: RecordedStep, outputs: Path) -> dict[str, Any]:
        """What `rerun` is given; its output folders are to be below `outputs`.

        Raises ReproductionError where something is missing, in one line that names it.
        """
        paths, values = {name: str(outputs / name) for name in step.outputs}, dict(step.parameters)
        for name, resource in step.inputs.items():
            uri = str(resource.get("uri", ""))
            if uri.startswith("data:"):
                values[name] = self._commit(uri.removeprefix("data:"), resource)
            elif uri.startswith("store:"):
                values[name] = self._stored(uri.removeprefix("store:"))
            elif folder := self.made.get(resource["digest"].get("dirHash", "")):
                paths[name] = str(folder)
            elif uri:
                values[name] = str(self._file(step, name, resource))
            else:
                paths[name] = str(self._file(step, name, resource))
        return {"step": step.name, "paths": paths, "values": values}

    def _commit(self, reference: str, resource: Resource) -> str:
        try:
            tree = open_store(self.store).inspect(CommitRef.parse(reference)).tree
        except NotFoundError as error:
            raise ReproductionError(f"data {reference} is not in {self.store}: {error}") from error
        recorded = resource["digest"].get("dirHash")
        if tree != recorded:
            raise ReproductionError(f"data {reference}: its files are {tree}, and {recorded} in the record")
        return reference

    def _stored(self, reference: str) -> str:
        try:
            FileRef.parse(reference).found(open_store(self.store))
        except NotFoundError as error:
            raise ReproductionError(f"{reference} is not in {self.store}: {error}") from error
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


def circumstances_that_differ(recorded: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> list[str]:
    """Each recorded circumstance that was not the same this time, in words."""
    found: list[str] = []
    for name in sorted(
        (recorded.keys() | rebuilt.keys()) - {"git"}
    ):  # the code counts, not which commit has it
        found += _differs(name, recorded.get(name), rebuilt.get(name))
    return found


def _differs(name: str, was: Any, now: Any) -> list[str]:
    if was == now or was is None:  # what former versions did not record cannot be compared
        return []
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        return [f"{name}: {was} recorded, {now if now is not None else 'none'} now"]
    if was.get("digest") == now.get("digest"):
        return []
    old, new = _parts(was), _parts(now)
    parts = [
        f"{part} {old.get(part, 'none')} recorded, {new.get(part, 'none')} now"
        for part in sorted(old.keys() | new.keys())
        if old.get(part) != new.get(part)
    ]
    return parts or [f"{name}: {_digest(was)} recorded, {_digest(now)} now"]


def _parts(resource: Mapping[str, Any]) -> dict[str, str]:
    """What a resource consists of, by name: the versions of packages, the digests of files."""
    annotations = resource.get("annotations") or {}
    files = {name: str(digest)[:12] for name, digest in (annotations.get("files") or {}).items()}
    return files or {name: str(value) for name, value in annotations.items()}


def _digest(resource: Mapping[str, Any]) -> str:
    return next((str(value)[:12] for value in resource.get("digest", {}).values()), "nothing")
