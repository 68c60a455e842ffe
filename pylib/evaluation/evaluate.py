"""A trained and exported model on the test split: evaluation.json and the report that people read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pylib.atomic import write_file
from pylib.data.shards import Array, ShardIndex, load_split
from pylib.errors import DataError, ModelError
from pylib.evaluation.champion import FILE as CHAMPION
from pylib.evaluation.champion import Champion, Comparison, compare
from pylib.evaluation.exported import ExportedModel
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.leaderboard import read_leaderboard
from pylib.evaluation.record import FILE, REPORT, Evaluation, Measurement
from pylib.evaluation.report import render
from pylib.store.artifacts import MODEL_FILE
from pylib.tasks import task

BATCH = 16
Outputs = NDArray[Any]


def evaluate(
    shards: Path, model: Path, output: Path, gate: Gate, champion: Champion | None = None
) -> Evaluation:
    """Measure the model in the folder `model` on the test split of `shards`; write into the folder `output`.

    Metrics are those of model.onnx, which is what is served; parity compares it with the trained Keras model.
    A champion is asked the same, and champion.json says whether the model beats it.
    Whether the gate is passed is in the result: a model that fails is an answer here, not an error.

    Raises:
        DataError: there is no test item.
        ModelError: the model is of another task, other classes or another image size, or its files are
            damaged.
        ConfigurationError: the gate asks for a class that there is not.

    """
    index = ShardIndex.read(shards)
    exported = ExportedModel(model / MODEL_FILE)
    _check(index, shards, exported)
    judgement = task.find(index.task).judgement
    inputs, targets = load_split(shards, "test")
    ids = [item.id for item in index.splits["test"].items]
    seen = judgement.accumulator(index.classes, ids, exported.confidence_threshold)
    trained = _trained(model)
    for batch in _batches(len(inputs)):
        seen.add(targets[batch], exported.outputs(inputs[batch]), trained(inputs[batch]))
    found = Measurement(
        task=index.task,
        model_digest=exported.digest,
        dataset=index.name,
        items=len(ids),
        score=judgement.SCORE,
        metrics=seen.metrics(),
        parity=seen.parity(),
        details=seen.details().model_dump(mode="json"),
    )
    evaluation = Evaluation(**dict(found), gate=decide(gate, found))
    beside: Comparison | None = None
    if champion:
        both = ((inputs[batch], targets[batch]) for batch in _batches(len(inputs)))
        beside = compare(
            champion, task.find(index.task), ids, both, seen, lambda each: _check(index, shards, each)
        )
    panels = {"leaderboard": read_leaderboard(model), **seen.panels(inputs, targets)}
    page = render(evaluation, panels, beside)
    written: dict[str, str | bytes] = {CHAMPION: beside.dumps()} if beside else {}
    _write(output, {**written, REPORT: page, FILE: evaluation.dumps()})
    return evaluation


def _check(index: ShardIndex, shards: Path, exported: ExportedModel) -> None:
    if "test" not in index.splits or not index.splits["test"].items:
        raise DataError(f"{shards} has no test image: add images, a tenth of them are kept for the test")
    if exported.task != index.task:
        reason = f"is of the task {exported.task}, the data of {index.task}"
        raise ModelError(f"{exported.path} {reason}: train a model on this data")
    if exported.classes != index.classes:
        reason = f"classes {', '.join(exported.classes)}, the data {', '.join(index.classes)}"
        raise ModelError(f"{exported.path} has {reason}: train a model on this data")
    if exported.image_size != index.image_size:
        reason = f"{exported.image_size} pixels, the shards hold {index.image_size}"
        raise ModelError(f"{exported.path} was made for images of {reason}: prepare shards of its size")


def _trained(model: Path) -> Callable[[Array], Outputs]:
    """Load the Keras model; it answers as the export should."""
    from pylib.models.storage import load_model

    loaded = load_model(model)
    return lambda inputs: np.asarray(loaded(inputs, training=False))


def _batches(items: int) -> "tqdm[slice]":
    starts = range(0, items, BATCH)
    slices = [slice(start, start + BATCH) for start in starts]
    return tqdm(slices, desc="evaluate", unit="batch", disable=None)


def _write(folder: Path, contents: dict[str, str | bytes]) -> None:
    """Write each file whole; evaluation.json last, so where it is, the report is too."""
    for name, content in contents.items():
        write_file(folder / name, content)
