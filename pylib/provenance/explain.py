"""From a model or an answer back to its images: the records walked upstream, every digest checked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pylib.errors import ProvenanceError
from pylib.provenance import statement as records
from pylib.provenance.answers import find_begun, find_prediction
from pylib.provenance.chain import downstream, maker, makers, trainer, upstream
from pylib.provenance.digests import BUNDLE, OTHERS, manifest, sha256_file
from pylib.provenance.materials import CODE
from pylib.provenance.origin import data_commit
from pylib.provenance.statement import Statement
from pylib.store.artifacts import MODEL_FILE, ArtifactStore
from pylib.store.model_folder import model_folder

TABLE = "table.json"
"""Beside a model that learned from a table (pylib.tabular.prepared): which file that was."""


class UnknownNameError(ProvenanceError):
    """No model has the name, or several have."""


@dataclass(frozen=True)
class Step:
    """One record on the way: what ran, with which parameters, on which inputs, for how long."""

    step: str
    started: str
    seconds: float
    parameters: dict[str, Any]
    inputs: dict[str, str]
    source: str
    files: dict[str, str]
    """SHA-256 by path of the code that it could use; `inputs` has its digest. Empty in old records."""
    outputs: dict[str, str] = field(default_factory=dict)
    """What it made, as `inputs` of the steps that took it name it."""


@dataclass(frozen=True)
class Image:
    """What the model learned from, with its SHA-256: an image by its id, or a table by its path."""

    id: str
    sha256: str


@dataclass(frozen=True)
class Mismatch:
    """A thing whose digest is no longer the recorded one; `found` is None where it is missing."""

    name: str
    recorded: str
    found: str | None


@dataclass
class Explanation:
    """All that is known of a model: its records from the last step back to the source, and its images."""

    model: str
    data: str | None
    steps: list[Step]
    images: list[Image]
    kind: str = "image"
    """What `images` are: "table" where the model learned from the rows of one file."""
    mismatches: list[Mismatch] = field(default_factory=list)
    prediction: dict[str, Any] | None = None
    others: list[Step] = field(default_factory=list)
    """The records of other runs that made the same model, as with values typed by hand that were searched."""
    forgotten: dict[str, str] = field(default_factory=dict)
    """By id, the images that somebody had forgotten since: who, when and why."""
    unchecked: str | None = None
    """Why the images were not compared with their data commit; None where they were."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def explain(what: str, *, artifacts: str, predictions: Path | str) -> Explanation:
    """Explain a model digest or a prediction id, or the first 8 or more digits of one, or a model folder.

    Raises ProvenanceError where nothing of that name is known or its record is missing.
    """
    if Path(what).is_dir():
        return explain_folder(Path(what))
    prediction, digest = _found(what, artifacts, predictions)
    with model_folder(artifacts, digest) as folder:
        explanation = explain_folder(folder, digest)
    explanation.prediction = prediction
    return explanation


def _found(what: str, artifacts: str, predictions: Path | str) -> tuple[dict[str, Any] | None, str]:
    """The answer, None where a model is meant, and the model; a beginning of both is the model's."""
    prediction = find_prediction(predictions, what)
    if prediction is None:
        try:
            return None, find_model(artifacts, what)
        except UnknownNameError:
            prediction = find_begun(predictions, what)
            if prediction is None:
                raise
    return prediction, find_model(artifacts, prediction["model_digest"])


def explain_folder(folder: Path, digest: str | None = None) -> Explanation:
    """Explain the model in a folder, checking each of its files against the record."""
    bundle = records.read_bundle(folder)
    wanted = digest or sha256_file(folder / MODEL_FILE)
    trained = maker(bundle, wanted) or trainer(bundle, MODEL_FILE)
    if trained is None:
        raise ProvenanceError(
            f"{folder}: no record of how model {wanted[:12]} was trained; was it copied in?"
        )
    chain = [*downstream(bundle, trained), trained, *upstream(bundle, trained)]
    return Explanation(
        model=wanted,
        data=data_commit(chain),
        steps=[_step(statement) for statement in chain],
        images=[table] if (table := _table(folder)) else list(_images(folder)),
        kind="table" if table else "image",
        mismatches=list(_mismatches(folder, [trained, *downstream(bundle, trained)])),
        others=[_step(each) for each in _others(folder, bundle, trained, wanted)],
    )


def _others(folder: Path, bundle: list[Statement], trained: Statement, digest: str) -> list[Statement]:
    """What else made this model: records that lie beside its own, each definition once."""
    beside = folder / OTHERS
    kept = records.read_bundle(beside) if (beside / BUNDLE).is_file() else []
    found = {records.key(each): each for each in makers([*kept, *bundle], digest)}
    return [each for key, each in found.items() if key != records.key(trained)]


def check_images(
    explanation: Explanation, digests: Mapping[str, str | None], forgotten: Mapping[str, str]
) -> None:
    """Compare each training image, or the table, with the data commit's SHA-256 of it, by id.

    forgotten: in words, by SHA-256, who had an image forgotten: that its bytes are missing is no mismatch
    """
    for image in explanation.images:
        found = digests.get(image.id)
        if image.sha256 in forgotten:
            explanation.forgotten[image.id] = forgotten[image.sha256]
        if found != image.sha256 and (found is not None or image.sha256 not in forgotten):
            name = f"{explanation.data}:{image.id}"
            explanation.mismatches.append(Mismatch(name, image.sha256, found))


def find_model(artifacts: str, digest: str) -> str:
    """The one released model whose digest begins with these digits, in upper or lower case."""
    found = [m for m in ArtifactStore(artifacts).list_models() if m.startswith(digest.lower())]
    if len(digest) < 8 or len(found) != 1:  # noqa: PLR2004 (digits that a person would still type)
        reason = "is ambiguous or too short" if found else "is no released model, prediction or folder"
        raise UnknownNameError(f"{digest!r} {reason} in {artifacts}; `pylib released` names the model served")
    return found[0]


def _step(statement: Statement) -> Step:
    definition = statement["predicate"]["buildDefinition"]
    resources = {r["name"]: r for r in records.dependencies(statement)}
    source = resources.pop("git", {})
    commit = source.get("digest", {}).get("gitCommit", "no Git commit")
    clean = source.get("annotations", {}).get("clean")
    return Step(
        step=records.step_name(statement),
        started=statement["predicate"]["runDetails"]["metadata"]["startedOn"],
        seconds=round(records.seconds(statement), 3),
        parameters=definition["externalParameters"],
        inputs={name: _identity(r) for name, r in resources.items()},
        source=commit + ("" if clean else " with uncommitted changes"),
        files=dict(resources.get(CODE, {}).get("annotations", {}).get("files", {})),
        outputs={subject["name"]: _identity(subject) for subject in statement["subject"]},
    )


def _identity(resource: dict[str, Any]) -> str:
    """What names a material best: a data commit's own id, else its digest, with where it came from."""
    uri = str(resource.get("uri", ""))
    if uri.startswith("data:"):
        return uri.removeprefix("data:")
    digest = next((f"{name}:{value}" for name, value in resource.get("digest", {}).items()), "")
    return f"{digest} {uri}".strip()


def _table(folder: Path) -> Image | None:
    """The file whose rows the model learned from; None where it learned from images."""
    path = folder / TABLE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Image(content["file"], content["sha256"])
    except (ValueError, KeyError) as error:
        raise ProvenanceError(f"{path}: it names no table ({error!r}); run the pipeline again") from error


def _images(folder: Path) -> Iterator[Image]:
    path = folder / "dataset.json"
    try:
        items = json.loads(path.read_text(encoding="utf-8"))["splits"]["train"]["items"]
    except (OSError, ValueError, KeyError) as error:
        raise ProvenanceError(
            f"{path}: no list of training images ({error!r}); train the model again"
        ) from error
    for item in items:
        yield Image(item["id"], item["image_sha256"])


def _mismatches(folder: Path, statements: list[Statement]) -> Iterator[Mismatch]:
    """The model folder's files, and what later steps put beside them, against their records."""
    found = manifest(folder)
    for statement in statements:
        for subject in statement["subject"]:
            output, _, path = subject["name"].partition("/")
            local = path if output == "model" else subject["name"]
            recorded = subject["digest"].get("sha256")
            expected = output == "model" or local in found
            if path and recorded and expected and found.get(local) != recorded:
                yield Mismatch(local, recorded, found.get(local))
