"""A trained and exported model on the test split: evaluation.json and the report that people read."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pylib.atomic import write_file
from pylib.calibration.record import read_calibration
from pylib.data.shards import Array, ShardIndex, load_split
from pylib.drift.reference import reference
from pylib.errors import DataError, ModelError
from pylib.evaluation.champion import FILE as CHAMPION
from pylib.evaluation.champion import Champion, Comparison, compare
from pylib.evaluation.exported import ExportedModel
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.judged_split import JudgedSplit
from pylib.evaluation.leaderboard import read_leaderboard
from pylib.evaluation.record import FILE, REPORT, Evaluation
from pylib.evaluation.report import PANELS, dumped, render
from pylib.evaluation.robustness.attacks import gradient_of
from pylib.evaluation.robustness.measure import measured
from pylib.evaluation.robustness.record import Robustness
from pylib.evaluation.sides import panels
from pylib.models.calibration import softmax
from pylib.serving.reference import FILE as REFERENCE
from pylib.serving.reference import dumps
from pylib.store.artifacts import MODEL_FILE
from pylib.tasks import task

if TYPE_CHECKING:
    import keras

    from pylib.tasks.aspects import Accumulator

BATCH = 16
Outputs = NDArray[Any]


def evaluate(
    shards: Path,
    model: Path,
    output: Path,
    gate: Gate,
    champion: Champion | None = None,
    *,
    robustness: bool = False,
    notebook: Path | None = None,
) -> Evaluation:
    """Measure the model in the folder `model` on the test split of `shards`; write into the folder `output`.

    Metrics are those of model.onnx, which is what is served; parity compares it with the trained Keras model.
    robustness: whether to change images as well, which takes longer; a gate that asks for it has it done.
    notebook: what the report is to be; None for the page alone, which shows the same.
    A champion is asked the same, and champion.json says whether the model beats it.
    Whether the gate is passed is in the result: a model that fails is an answer here, not an error.

    Raises:
        DataError: there is no test item.
        ModelError: the model is of another task, other classes or another image size, or its files are
            damaged.
        ConfigurationError: the gate asks for a class that there is not.

    """
    from pylib.models.storage import load_model

    index = ShardIndex.read(shards)
    exported = ExportedModel(model / MODEL_FILE)
    _check(index, shards, exported)
    inputs, targets = load_split(shards, "test")
    test = JudgedSplit(index, inputs, targets)
    seen = test.seen(exported.confidence_threshold)
    loaded = load_model(model)
    trained = _trained(loaded, index)
    for batch in _batches(len(inputs)):
        seen.add(targets[batch], exported.outputs(inputs[batch]), *trained(inputs[batch]))
    beside, theirs = _beside(champion, test, seen, lambda each: _check(index, shards, each))
    changed = _changed(test, exported, loaded) if robustness or gate.asks_for_robustness else None
    found = test.measured(exported.digest, seen, beside, changed)
    evaluation = Evaluation(**dict(found), gate=decide(gate, found))
    shown = {
        "leaderboard": read_leaderboard(model),
        "calibration": read_calibration(model),
        "sides": panels(test, beside.sides, seen, theirs) if beside and beside.sides and theirs else [],
        **seen.panels(inputs, targets),
    }
    written: dict[str, str | bytes] = {CHAMPION: beside.dumps()} if beside else {}
    spread = reference(shards, model)
    written |= {REFERENCE: dumps(spread)} if spread else {}
    written |= {
        PANELS: dumped(evaluation, shown),
        REPORT: render(evaluation, shown, beside),
        FILE: evaluation.dumps(),
    }
    _write(output, {**written, **(_ran(notebook, written, exported.digest) if notebook else {})})
    return evaluation


def _ran(notebook: Path, written: dict[str, str | bytes], digest: str) -> dict[str, str | bytes]:
    """The notebook after it was run on what is to be written, and its page in the place of the report."""
    from pylib.evaluation.notebook import FILE as NOTEBOOK
    from pylib.evaluation.notebook import run

    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), written)
        ran, page = run(notebook, Path(folder), f"Evaluation of model {digest[:12]}")
    return {NOTEBOOK: ran, REPORT: page, FILE: written[FILE]}


def _beside(
    champion: Champion | None,
    test: JudgedSplit,
    seen: "Accumulator",
    check: Callable[[ExportedModel], None],
) -> tuple[Comparison | None, "Accumulator | None"]:
    if champion is None:
        return None, None
    both = ((test.inputs[batch], test.targets[batch]) for batch in _batches(len(test.inputs)))
    return compare(champion, test, both, seen, check)


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


def _changed(test: JudgedSplit, exported: ExportedModel, loaded: "keras.Model") -> Robustness:
    part = test.task.network.trained_part(loaded)
    return measured(test, exported.outputs, gradient_of(part, test.task.objective))


def _trained(loaded: "keras.Model", index: ShardIndex) -> Callable[[Array], tuple[Outputs, ...]]:
    """What the Keras model answers, as the export should; with classes, also without its calibration."""
    if not index.classes:
        return lambda inputs: (np.asarray(loaded(inputs, training=False)),)
    import keras

    logits = task.find(index.task).network.trained_part(loaded).output
    both = keras.Model(loaded.input, [loaded.output, logits])

    def answers(inputs: Array) -> tuple[Outputs, ...]:
        said, scores = (np.asarray(each) for each in both(inputs, training=False))
        return said, softmax(scores.astype(np.float64))

    return answers


def _batches(items: int) -> "tqdm[slice]":
    starts = range(0, items, BATCH)
    slices = [slice(start, start + BATCH) for start in starts]
    return tqdm(slices, desc="evaluate", unit="batch", disable=None)


def _write(folder: Path, contents: dict[str, str | bytes]) -> None:
    """Write each file whole; evaluation.json last, so where it is, the report is too."""
    for name, content in contents.items():
        write_file(folder / name, content)
