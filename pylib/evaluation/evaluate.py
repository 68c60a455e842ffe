"""A trained and exported model on the test split: evaluation.json and the report that people read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pylib.atomic import write_file
from pylib.data.shards import ShardIndex, load_split
from pylib.errors import DataError, ModelError
from pylib.evaluation.calibration import Reliability, reliability
from pylib.evaluation.exported import ExportedModel, Pixels, Probabilities
from pylib.evaluation.figures import Measured, examples, figures
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.parity import Agreement, agreement
from pylib.evaluation.record import FILE, REPORT, Evaluation
from pylib.evaluation.report import Panel, render
from pylib.store.artifacts import MODEL_FILE
from pylib.training.metrics import confusion_matrix

BATCH = 16


def evaluate(shards: Path, model: Path, output: Path, gate: Gate) -> Evaluation:
    """Measure the model in the folder `model` on the test split of `shards`; write into the folder `output`.

    Metrics are those of model.onnx, which is what is served; parity compares it with the trained Keras model.
    Whether the gate is passed is in the result: a model that fails is an answer here, not an error.

    Raises:
        DataError: there is no test image.
        ModelError: the model is of other classes or another image size, or its files are damaged.
        ConfigurationError: the gate asks for a class that there is not.

    """
    index = ShardIndex.read(shards)
    exported = ExportedModel(model / MODEL_FILE)
    _check(index, shards, exported)
    images, masks = load_split(shards, "test")
    measured = _measure(exported, _trained(model), images, masks)
    ids = [item.id for item in index.splits["test"].items]
    found = figures(measured, ids, exported, index.name)
    evaluation = Evaluation(**dict(found), gate=decide(gate, found))
    panels = [
        Panel(example, images[place], masks[place], measured.predictions[place])
        for place, example in examples(measured, ids)
    ]
    _write(output, {REPORT: render(evaluation, panels), FILE: evaluation.dumps()})
    return evaluation


def _check(index: ShardIndex, shards: Path, exported: ExportedModel) -> None:
    if "test" not in index.splits or not index.splits["test"].items:
        raise DataError(f"{shards} has no test image: add images, a tenth of them are kept for the test")
    if exported.classes != index.classes:
        reason = f"classes {', '.join(exported.classes)}, the data {', '.join(index.classes)}"
        raise ModelError(f"{exported.path} has {reason}: train a model on this data")
    if exported.image_size != index.image_size:
        reason = f"{exported.image_size} pixels, the shards hold {index.image_size}"
        raise ModelError(f"{exported.path} was made for images of {reason}: prepare shards of its size")


def _trained(model: Path) -> Callable[[Pixels], Probabilities]:
    """Load the Keras model; it answers as the export should."""
    from pylib.models.storage import load_model
    from pylib.serving.export import probabilities

    answer = probabilities(load_model(model))
    return lambda images: np.asarray(answer(images))


def _measure(
    exported: ExportedModel,
    trained: Callable[[Pixels], Probabilities],
    images: Pixels,
    masks: NDArray[np.uint8],
) -> Measured:
    """Run both models over the images, batch by batch, keeping counts and class maps but no probabilities."""
    classes = len(exported.classes)
    confusions, predictions = [], []
    pixels, same = Reliability.empty(), Agreement()
    for start in tqdm(range(0, len(images), BATCH), desc="evaluate", unit="batch", disable=None):
        batch, truth = images[start : start + BATCH], masks[start : start + BATCH]
        answer = exported.probabilities(batch)
        classified = answer.argmax(axis=-1).astype(np.uint8)
        predictions.append(classified)
        confusions += [
            confusion_matrix(*pair, classes=classes) for pair in zip(truth, classified, strict=True)
        ]
        pixels = pixels.merge(reliability(answer, truth))
        same = same.merge(agreement(trained(batch), answer))
    return Measured(np.stack(confusions), np.concatenate(predictions), pixels, same)


def _write(folder: Path, contents: dict[str, str | bytes]) -> None:
    """Write each file whole; evaluation.json last, so where it is, the report is too."""
    for name, content in contents.items():
        write_file(folder / name, content)
