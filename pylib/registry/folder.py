"""The folder of a judged model: all that a version of it is made of, so that it can be registered again.

What `train` wrote, the evaluation of it, the records of both, and registration.json. Under its digest in the
artifact store it is what a reconciliation reads where the registry has nothing of it.
"""

import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pylib.errors import ModelError, RegistryError, StoreError
from pylib.evaluation.record import FILE
from pylib.provenance import statement as records
from pylib.provenance.chain import makers
from pylib.provenance.digests import BUNDLE, OTHERS
from pylib.registry.described import describe
from pylib.store.artifacts import ArtifactStore
from pylib.training.mlflow_log import warn

EVALUATION = "evaluation"
_REGISTRATION = "registration.json"


@dataclass(frozen=True)
class Registration:
    """Under which name a model is registered, from which data, and by which commit of the code."""

    name: str
    data_commit: str = ""
    git_commit: str = ""


def assemble(model: Path, evaluation: Path, folder: Path, registration: Registration) -> Path:
    """Make the folder of a model and its evaluation; one bundle has the records of both."""
    shutil.copytree(model, folder)
    shutil.rmtree(folder / EVALUATION, ignore_errors=True)  # of a model that was downloaded: judged before
    if evaluation.is_dir():
        shutil.copytree(evaluation, folder / EVALUATION, ignore=shutil.ignore_patterns(BUNDLE))
    else:  # evaluation.json alone
        (folder / EVALUATION).mkdir()
        shutil.copyfile(evaluation, folder / EVALUATION / FILE)
    bundle = [*_records(model), *_records(evaluation)]
    if bundle:
        records.write_bundle(folder, bundle)
    (folder / _REGISTRATION).write_text(json.dumps(asdict(registration), indent=1) + "\n", encoding="utf-8")
    try:
        describe(folder)
    except ModelError as error:  # as of a model that was made by hand: it has no signature
        warn(f"{error}: it is registered without a signature")
    return folder


def registration(folder: Path) -> Registration | None:
    """Read back under which name a folder is registered; None where it was made before there were any."""
    path = folder / _REGISTRATION
    if not path.is_file():
        return None
    try:
        return Registration(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise RegistryError(f"{path} is damaged ({error}): release the model again") from error


def upload(artifacts: ArtifactStore, folder: Path, digest: str) -> None:
    """Put the folder into the artifact store; of one that is there, only what was judged anew is written.

    Records of another run that made the same model stay, and are added: `explain` shows how each made it.
    """
    artifacts.put_model(folder, digest)
    names = [name for name in _judged(folder) if name != BUNDLE]  # a bundle has the time of each run
    anew = any(not _same(artifacts, folder, digest, name) for name in names)
    others = _others(artifacts, folder, digest, anew=anew)
    artifacts.renew(folder, digest, [*others, *(_judged(folder) if anew else [])])


def _others(artifacts: ArtifactStore, folder: Path, digest: str, *, anew: bool) -> list[str]:
    """Write down other ways to the same model; return the file's name, none where nothing is added to it.

    anew: whether the folder's own records take the place of those that are stored
    """
    name = f"{OTHERS}/{BUNDLE}"
    stored, others = (_stored(artifacts, f"models/{digest}/{each}") for each in (BUNDLE, name))
    first, second = (_records(folder), stored) if anew else (stored, _records(folder))
    known = {records.key(each) for each in makers([*first, *others], digest)}
    if not {records.key(each) for each in makers(second, digest)} - known:
        return []
    (folder / OTHERS).mkdir(exist_ok=True)
    records.write_bundle(folder / OTHERS, [*second, *others])
    return [name]


def _stored(artifacts: ArtifactStore, key: str) -> list[records.Statement]:
    with suppress(StoreError):  # none is there
        return records.parse_bundle(artifacts.get_file(key), key)
    return []


def _same(artifacts: ArtifactStore, folder: Path, digest: str, name: str) -> bool:
    try:
        return artifacts.get_file(f"models/{digest}/{name}") == (folder / name).read_bytes()
    except StoreError:
        return False


def _judged(folder: Path) -> Iterable[str]:
    """The files of the evaluation, what it decides last, then their records."""
    files = [path for path in (folder / EVALUATION).rglob("*") if path.is_file()]
    names = [path.relative_to(folder).as_posix() for path in files]
    bundle = [BUNDLE] if (folder / BUNDLE).is_file() else []
    return [*bundle, *sorted(names, key=lambda name: name.endswith(FILE))]


def _records(folder: Path) -> list[records.Statement]:
    return records.read_bundle(folder) if (folder / BUNDLE).is_file() else []
