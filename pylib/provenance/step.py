"""The decorator that makes a function a recorded step: cached by content, timed, whole or not at all.

    @step(cached=True)
    def train(shards: Input, model: Output, scratch: Scratch, *, weights: File, seed: int) -> Result: ...

What goes in is named by digest: folders and files (`Input`), several folders that the steps of a loop made
(`Inputs`, in whatever order they come), a file given by name, here or in the store (`File`), a data commit
(`Commit`). Folders marked `Output` appear only when the function has returned, each
with its provenance inside. All other arguments are parameters and must be JSON.
"""

import functools
import inspect
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pylib.errors import PipelineError, ProvenanceError
from pylib.provenance import statement as records
from pylib.provenance.cache import FROM_CACHE, StepCache
from pylib.provenance.digests import BUNDLE, digest_of, dir_hash, manifest
from pylib.provenance.statement import Definition, Statement
from pylib.provenance.tries import not_again
from pylib.settings import make_folder, settings
from pylib.store.files import FileRef
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef

Input = Annotated[Path, "input"]
Inputs = Annotated[list[Path], "inputs"]
Output = Annotated[Path, "output"]
File = Annotated[str, "file"]
Commit = Annotated[str, "commit"]
Scratch = Annotated[Path, "scratch"]
Result = dict[str, Any]
Function = Callable[..., Result]
TaskOf = Callable[..., str]


def step(*, cached: bool, task: TaskOf | None = None) -> Callable[[Function], Function]:
    """Make a function a recorded step; `cached` where its outputs are all that it does.

    `task` says of the same arguments whose data they are, so that another task's code counts for nothing.
    """

    def decorate(function: Function) -> Function:
        signature, roles = inspect.signature(function), _roles(function)
        scratch = {name: Path() for name, role in roles.items() if role == "scratch"}

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Result:
            bound = signature.bind(*args, **kwargs, **scratch)
            bound.apply_defaults()
            bound.arguments.update(_ordered(bound.arguments, roles))
            with not_again(), time_limit(function.__name__):
                return _run(_Call(function, bound.arguments, roles, task), cached=cached)

        return run

    return decorate


def _roles(function: Function) -> dict[str, str]:
    hints = get_type_hints(function, include_extras=True)
    hints.pop("return", None)
    return {name: getattr(hint, "__metadata__", ("parameter",))[0] for name, hint in hints.items()}


def _ordered(arguments: Mapping[str, Any], roles: Mapping[str, str]) -> dict[str, list[Path]]:
    """The folders of each list by their content: nothing says in which order a loop's are handed on."""
    lists = [name for name, role in roles.items() if role == "inputs"]
    return {name: sorted(map(Path, arguments[name]), key=_content) for name in lists}


def _content(folder: Path) -> str:
    return str(digest_of(folder))


@dataclass(frozen=True)
class _Call:
    """A step's function with its arguments and the role of each."""

    function: Function
    arguments: Mapping[str, Any]
    roles: Mapping[str, str]
    task: TaskOf | None

    def folders(self, role: str) -> dict[str, Path]:
        return {name: Path(self.arguments[name]) for name, found in self.roles.items() if found == role}

    def taken(self) -> list[Path]:
        """The folders and files that other steps made."""
        lists = [self.arguments[name] for name, role in self.roles.items() if role == "inputs"]
        return [*self.folders("input").values(), *(folder for each in lists for folder in each)]

    def definition(self) -> Definition:
        inputs, parameters = [], {}
        for name, role in self.roles.items():
            value = self.arguments[name]
            if role == "input" or (role == "file" and Path(value).is_file()):
                uri = {} if role == "input" else {"uri": Path(value).name}
                inputs.append({"name": name, "digest": digest_of(Path(value)), **uri})
            elif role == "inputs":
                inputs += [
                    {"name": f"{name}/{place}", "digest": digest_of(folder)}
                    for place, folder in enumerate(value)
                ]
            elif role == "file" and FileRef.names(value):
                inputs.append(file_resource(value, name=name))
            elif role == "commit" and value:
                inputs.append(commit_resource(value, name=name))
            elif role in {"parameter", "file"}:
                parameters[name] = value
        task = self.task(**self.arguments) if self.task else None
        return Definition(self.function.__name__, parameters, tuple(inputs), self.function.__module__, task)


def commit_resource(reference: str, *, name: str) -> dict[str, Any]:
    """A data commit, repository@id, as an in-toto resource: its id, and the dirHash of all its files."""
    parsed = CommitRef.parse(reference)
    if not parsed.is_id:
        raise ProvenanceError(
            f"data {reference!r}: a branch may move; name a commit, as `pylib run` does for you"
        )
    tree = open_store(settings().store).inspect(parsed).tree
    algorithm = "sha256" if len(parsed.revision) == 64 else "pachydermCommit"  # noqa: PLR2004 (hex digits)
    return {"name": name, "uri": f"data:{reference}", "digest": {algorithm: parsed.revision, "dirHash": tree}}


def file_resource(reference: str, *, name: str) -> dict[str, Any]:
    """A file of the store, repository@id:path, as an in-toto resource with its SHA-256."""
    parsed = FileRef.parse(reference)
    if not parsed.commit.is_id:
        raise ProvenanceError(
            f"{name} {reference!r}: a branch may move; name a commit, as `pylib run` does for you"
        )
    found = parsed.found(open_store(settings().store))
    return {"name": name, "uri": f"store:{reference}", "digest": {"sha256": found.sha256}}


def _run(call: _Call, *, cached: bool) -> Result:
    definition, outputs = call.definition(), call.folders("output")
    root = settings().cache
    cache, key = StepCache(root) if root else None, definition.key()
    if cache and cached and (result := cache.get(key, outputs)) is not None:
        print(f"{FROM_CACHE} ({key[:12]})", flush=True)  # noqa: T201
        return result
    with staged(outputs) as staging:
        started = datetime.now(UTC)
        scratch = {name: _scratch(cache, key, staging) for name in call.folders("scratch")}
        result = call.function(**{**call.arguments, **staging, **scratch})
        upstream = [made for path in call.taken() for made in _records(path)]
        record(definition, staging, upstream, started)
        if cache and cached:
            cache.put(key, staging, result)
            cache.forget_scratch(key)
    return result


def _records(path: Path) -> list[Statement]:
    return records.read_bundle(path) if (path / BUNDLE).is_file() else []


def _scratch(cache: StepCache | None, key: str, staging: Mapping[str, Path]) -> Path:
    if cache:
        return cache.scratch(key)
    folder = next(iter(staging.values())).parent / "scratch"
    folder.mkdir(exist_ok=True)
    return folder


def record(
    definition: Definition, outputs: Mapping[str, Path], upstream: list[Statement], started: datetime
) -> Statement:
    """Write the step's statement, and those of its inputs, into each output; return the statement."""
    made = records.build_statement(definition, subjects(outputs), started, datetime.now(UTC))
    kept = [r for folder in outputs.values() for r in _records(folder)]  # what the function itself recorded
    for folder in outputs.values():
        records.write_bundle(folder, [made, *kept, *upstream])
    return made


def subjects(outputs: Mapping[str, Path]) -> list[dict[str, Any]]:
    """in-toto subjects of output folders: each file by SHA-256, then the folder as a whole by dirHash."""
    found: list[dict[str, Any]] = []
    for name, folder in outputs.items():
        files = manifest(folder)
        found += [{"name": f"{name}/{path}", "digest": {"sha256": digest}} for path, digest in files.items()]
        found.append({"name": name, "digest": {"dirHash": dir_hash(files)}})
    return found


@contextmanager
def staged(outputs: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
    """Folders to write to, moved to their places only when the block ends well.

    Raises ConfigurationError where there can be none.
    """
    parent = make_folder(next(iter(outputs.values())).parent)
    staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=parent))
    try:
        folders = {name: staging / name for name in outputs}
        for folder in folders.values():
            folder.mkdir()
        yield folders
        for name, target in outputs.items():
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folders[name], target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def time_limit(name: str) -> Iterator[None]:
    """Raise PipelineError inside the block when it takes longer than `PYLIB_STEP_HOURS`.

    The step keeps its own limit because Kubeflow Pipelines 2.16 compiles a deadline and then ignores it.
    """
    hours = float(os.environ.get("PYLIB_STEP_HOURS") or 0)

    def expire(_signal: int, _frame: object) -> None:
        raise PipelineError(f"{name}: stopped after its limit of {hours:g} hours; raise it in the pipeline")

    former = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, hours * 3600)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
