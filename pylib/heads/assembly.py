"""From fitted heads to one model: choose, calibrate, put onto the backbone, export, and hold the graph to the head."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


from pylib.data.shards import INDEX_FILE, ShardIndex, load_split
from pylib.errors import ModelError
from pylib.evaluation import parity
from pylib.evaluation.exported import ExportedModel
from pylib.features.table import FeatureIndex, read_features
from pylib.heads.kernels import held
from pylib.heads.leaderboard import FILE, Leaderboard, Row, ranked, row
from pylib.heads.temperature import fit_temperature, probabilities
from pylib.heads.threshold import find_threshold
from pylib.models.heads.fitted import FittedHead, HeadRecord, read_head
from pylib.models.weights_source import Weights
from pylib.store.artifacts import MODEL_FILE
from pylib.tasks.task import find

DATASET_FILE = "dataset.json"
_BATCH = 16


@dataclass(frozen=True)
class Assembled:
    """What was made: SHA-256 of model.onnx, the leaderboard, and what a person should know, in sentences."""

    digest: str
    leaderboard: Leaderboard
    notes: tuple[str, ...]


def assemble(
    shards: Path,
    features: Path,
    heads: Sequence[Path],
    output: Path,
    *,
    weights: Weights,
    target_precision: float,
) -> Assembled:
    """Write the model folder, with its export and leaderboard.json, into `output`.

    Raises ModelError where heads are of other features, weights are not those of the features, or the graph
    does not answer as the head does.
    """
    index = FeatureIndex.read(features)
    records = {folder: read_head(folder) for folder in heads}
    rows = ranked([row(record) for record, _ in records.values()])
    record, head = next(pair for pair in records.values() if pair[0].name == rows[0].head)
    _check(index, record, features)
    with held():
        board = _calibrated(features, head, rows, target_precision)
    digest = _export(shards, index, head, board, output, weights)
    _hold(features, shards, output / MODEL_FILE, head, board)
    (output / FILE).write_bytes(board.dumps())
    shutil.copyfile(shards / INDEX_FILE, output / DATASET_FILE)
    return Assembled(digest, board, board.notes)


def _check(index: FeatureIndex, record: HeadRecord, features: Path) -> None:
    if (record.width, list(record.classes)) != (index.width, index.classes):
        raise ModelError(f"head {record.name}: it was fitted on other features than {features}; fit it again")


def _calibrated(features: Path, head: FittedHead, rows: list[Row], target_precision: float) -> Leaderboard:
    points, targets = read_features(features, "calibration")
    temperature = fit_temperature(head.logits(points), targets)
    points, targets = read_features(features, "validation")
    sure = probabilities(head.logits(points), temperature.value)
    threshold = find_threshold(sure, targets, target_precision)
    return Leaderboard(
        chosen=rows[0].head,
        rows=tuple(rows),
        temperature=temperature.value,
        confidence_threshold=threshold.value,
        target_precision=target_precision,
        precision=threshold.precision,
        answered=threshold.answered,
        notes=tuple(note for note in (temperature.note, threshold.note) if note),
    )


def _export(
    shards: Path, index: FeatureIndex, head: FittedHead, board: Leaderboard, output: Path, weights: Weights
) -> str:
    from pylib.models.storage import save_model
    from pylib.serving.export import export_onnx

    aspect = find(index.task).features
    config = aspect.Config(backbone=index.backbone, alpha=index.alpha)
    file, origin = aspect.first_weights(weights, config)
    if origin != index.weights:
        raise ModelError(
            f"weights: the features are of {index.weights.sha256 or index.weights.origin}, and "
            f"{origin.sha256 or origin.origin} were given: give the same to both steps"
        )
    model, spec = aspect.with_head(index, head, file, board.temperature, board.confidence_threshold)
    save_model(model, spec, output)
    return export_onnx(
        model,
        output / MODEL_FILE,
        task=index.task,
        classes=index.classes,
        image_size=index.image_size,
        sample_bits=index.sample_bits,
        confidence_threshold=board.confidence_threshold,
    )


def _hold(features: Path, shards: Path, graph: Path, head: FittedHead, board: Leaderboard) -> None:
    """Raise ModelError unless the graph says of the validation split's pixels what the head says of its features."""
    images, _ = load_split(shards, "validation")
    points, _ = read_features(features, "validation")
    exported, seen = ExportedModel(graph), parity.Agreement()
    expected = probabilities(head.logits(points), board.temperature)
    for start in range(0, len(images), _BATCH):
        part = slice(start, start + _BATCH)
        seen = seen.merge(parity.agreement(expected[part], exported.outputs(images[part])))
    if reason := parity.difference(seen.parity(), "validation images"):
        raise ModelError(f"head {board.chosen}: the exported graph is another model than the head: {reason}")
