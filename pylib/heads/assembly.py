"""From fitted heads to one model: choose, calibrate, fine-tune where asked, export."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pylib.calibration.choice import Decisions, choose
from pylib.calibration.decisions import one_a_group
from pylib.calibration.record import FILE as CALIBRATION
from pylib.calibration.record import CalibrationRecord
from pylib.data.shards import INDEX_FILE, ShardIndex, load_split
from pylib.errors import ModelError
from pylib.evaluation import parity
from pylib.evaluation.exported import ExportedModel
from pylib.evaluation.leaderboard import FILE, Leaderboard, Row
from pylib.features.table import FeatureIndex
from pylib.heads.candidate import Candidate, frozen
from pylib.heads.fine_tuning import FineTuning, fine_tuned
from pylib.heads.leaderboard import RULE, ranked, row
from pylib.heads.threshold import find_threshold
from pylib.kernels import held
from pylib.models.calibration import Calibration, calibrated
from pylib.models.heads.fitted import FittedHead, HeadRecord, read_head
from pylib.models.storage import save_model
from pylib.models.weights_source import Weights
from pylib.serving.export import export_onnx
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
    tuning: FineTuning | None = None,
) -> Assembled:
    """Write the model folder, with its export and leaderboard.json, into `output`.

    Raises ModelError where heads are of other features, weights are not those of the features, or the graph
    does not answer as the model does; ConfigurationError where there is no dense head to fine-tune.
    """
    index = FeatureIndex.read(features)
    file = _weights(index, weights)
    fitted = [_checked(index, folder) for folder in heads]
    candidates = [frozen(index, features, record, head, file) for record, head in fitted]
    rows = [row(record) for record, _ in fitted]
    if tuning:
        made, tuned = fine_tuned(shards, index, fitted, weights, tuning, output.parent)
        candidates, rows = [*candidates, made], [*rows, tuned]
    rows = ranked(rows)
    best = next(each for each in candidates if each.name == rows[0].head)
    found = _calibration(shards, best)
    board = _board(best, rows, found, target_precision)
    digest = _export(index, best, found.calibration, board.confidence_threshold, output)
    _hold(shards, output / MODEL_FILE, best, found.calibration)
    (output / CALIBRATION).write_bytes(found.dumps())
    (output / FILE).write_bytes(board.dumps())
    shutil.copyfile(shards / INDEX_FILE, output / DATASET_FILE)
    for history in best.files:
        shutil.copyfile(history, output / history.name)
    return Assembled(digest, board, board.notes)


def _weights(index: FeatureIndex, weights: Weights) -> Path | None:
    """The file of first weights, which must be those that the features are of."""
    aspect = find(index.task).features
    file, origin = aspect.first_weights(weights, aspect.Config(backbone=index.backbone, alpha=index.alpha))
    if origin != index.weights:
        raise ModelError(
            f"weights: the features are of {index.weights.sha256 or index.weights.origin}, and "
            f"{origin.sha256 or origin.origin} were given: give the same to both steps"
        )
    return file


def _checked(index: FeatureIndex, folder: Path) -> tuple[HeadRecord, FittedHead]:
    record, head = read_head(folder)
    if (record.width, list(record.classes)) != (index.width, index.classes):
        raise ModelError(
            f"head {record.name}: it was fitted on {record.width} features of {len(record.classes)} classes, "
            f"and these are {index.width} of {len(index.classes)}: fit it again"
        )
    return record, head


def _calibration(shards: Path, best: Candidate) -> CalibrationRecord:
    items = ShardIndex.read(shards).splits["calibration"].items
    with held():
        return choose(Decisions(*best.answers("calibration"), one_a_group(items)))


def _board(
    best: Candidate, rows: list[Row], found: CalibrationRecord, target_precision: float
) -> Leaderboard:
    with held():
        logits, targets = best.answers("validation")
        threshold = find_threshold(calibrated(found.calibration, logits), targets, target_precision)
    return Leaderboard(
        chosen=rows[0].head,
        rule=RULE,
        rows=tuple(rows),
        temperature=getattr(found.calibration, "temperature", 1.0),
        confidence_threshold=threshold.value,
        target_precision=target_precision,
        precision=threshold.precision,
        answered=threshold.answered,
        notes=tuple(note for note in (found.note, threshold.note) if note),
    )


def _export(
    index: FeatureIndex, best: Candidate, calibration: Calibration, confidence_threshold: float, output: Path
) -> str:
    model, spec = best.model(calibration, confidence_threshold)
    save_model(model, spec, output)
    return export_onnx(
        model,
        output / MODEL_FILE,
        task=index.task,
        classes=index.classes,
        image_size=index.image_size,
        sample_bits=index.sample_bits,
        confidence_threshold=confidence_threshold,
    )


def _hold(shards: Path, graph: Path, best: Candidate, calibration: Calibration) -> None:
    """Raise ModelError unless the graph says of the validation split's pixels what the head said of them."""
    images, _ = load_split(shards, "validation")
    exported, seen = ExportedModel(graph), parity.Agreement()
    expected = calibrated(calibration, best.answers("validation")[0])
    for start in range(0, len(images), _BATCH):
        part = slice(start, start + _BATCH)
        seen = seen.merge(parity.agreement(expected[part], exported.outputs(images[part])))
    if reason := parity.difference(seen.parity(), "validation images"):
        raise ModelError(f"head {best.name}: the exported graph is another model than the head: {reason}")
