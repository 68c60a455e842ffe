"""One head fitted on a folder of features: its parameters by cross-validation, its figures on validation.

The grid is searched on the train split alone, not on validation: there heads are compared with each other,
and one with the larger grid would be chosen for having tried more often. The test split is not in the folder.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pylib.errors import DataError
from pylib.evaluation import confusion
from pylib.evaluation.bootstrap import standard_error
from pylib.features.table import FeatureIndex, read_features
from pylib.heads.folds import folds
from pylib.heads.table import HeadKind, Parameters, find_head
from pylib.kernels import held
from pylib.models.heads.fitted import RECORD, FittedHead, HeadRecord, Tried, write_arrays
from pylib.models.heads.spec import HeadSpec, shapes

_NEVER = -30.0
"""The logit of a class without a training image."""

Fit = Callable[[NDArray[np.float32], NDArray[np.int64], Parameters, int], FittedHead]
Features = NDArray[np.float32]
Targets = NDArray[np.int64]


def fit_head(
    features: Path, name: str, output: Path, *, seed: int = 0, parameters: Parameters | None = None
) -> HeadRecord:
    """Fit the head of that name; write head.json and head.npz into `output`.

    features: the folder of pylib.features.table; parameters: those of the head that are given, not searched
    Raises DataError where there are no two classes to tell apart, or nothing to judge it on.
    """
    index, kind = FeatureIndex.read(features), find_head(name).with_parameters(parameters or {})
    points, targets = _read(features, "train")
    judged, truths = _read(features, "validation")
    _check(index, targets, truths)
    with held(scikit_learn=kind.kind != "neighbours"):
        tried = _search(kind, points, targets, seed)
        best = max(tried, key=lambda each: -1.0 if each.macro_f1 is None else each.macro_f1)
        head, missing = _whole(kind, points, targets, best.parameters, len(index.classes), seed)
        counts = _counts(head, judged, truths, len(index.classes))
    notes = [f"{index.classes[label]} has no training image, so it is never the answer" for label in missing]
    record = HeadRecord(
        name=name,
        spec=head.spec,
        classes=tuple(index.classes),
        width=index.width,
        grid=tuple(tried),
        notes=(*notes, *_said(tried, best.parameters, head.spec)),
        macro_f1=confusion.macro_f1(counts),
        accuracy=confusion.accuracy(counts),
        standard_error=standard_error(counts, confusion.macro_f1),
        sha256=write_arrays(output, head.arrays),
    )
    (output / RECORD).write_bytes(record.dumps())
    return record


def _read(folder: Path, split: str) -> tuple[Features, Targets]:
    features, targets = read_features(folder, split)  # type: ignore[arg-type]
    return np.array(features), targets.astype(np.int64)


def _check(index: FeatureIndex, targets: Targets, truths: Targets) -> None:
    there = [index.classes[label] for label in np.unique(targets)]
    if len(there) < 2:  # noqa: PLR2004
        what = f"only {there[0]}" if there else "nothing"
        raise DataError(
            f"the train split holds {what}: a head tells classes apart; add images of another class"
        )
    if not len(truths):
        raise DataError("the validation split has no image to choose a head by: add images")


def _search(kind: HeadKind, points: Features, targets: Targets, seed: int) -> list[Tried]:
    """Every place of the grid, with its macro F1 over all folds together."""
    places, parts = kind.places(), list(folds(targets, seed))
    if not parts:
        return [Tried(parameters=place, macro_f1=None) for place in places]
    return [
        Tried(parameters=place, macro_f1=_cross_validated(kind, points, targets, place, parts, seed))
        for place in places
    ]


def _cross_validated(
    kind: HeadKind,
    points: Features,
    targets: Targets,
    parameters: Parameters,
    parts: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
    seed: int,
) -> float:
    classes = int(targets.max()) + 1
    total = np.zeros((classes, classes), np.int64)
    for fit, judged in parts:
        head, _ = _whole(kind, points[fit], targets[fit], parameters, classes, seed)
        total += _counts(head, points[judged], targets[judged], classes)
    return float(confusion.macro_f1(total))


def _whole(
    kind: HeadKind, points: Features, targets: Targets, parameters: Parameters, classes: int, seed: int
) -> tuple[FittedHead, list[int]]:
    """A head for all classes, and those without a training image, which it never answers."""
    there, places = np.unique(targets, return_inverse=True)
    fit = cast("Fit", importlib.import_module(f"pylib.heads.{kind.kind}").fit)
    head = fit(points, places.astype(np.int64), dict(parameters), seed)
    missing = sorted(set(range(classes)) - set(there.tolist()))
    return (_spread(head, there, classes), missing) if missing else (head, [])


def _spread(head: FittedHead, there: NDArray[np.int64], classes: int) -> FittedHead:
    """The same head with a column for each class: those that it does not know score too little."""
    arrays = dict(head.arrays)
    last = max((name for name in arrays if name.startswith("bias_")), default="bias")
    columns = {last, last.replace("bias", "weights"), "leaves", "votes"} & arrays.keys()
    for name in columns:
        old = arrays[name]
        fill = _NEVER if name == last else 0.0
        arrays[name] = np.full((*old.shape[:-1], classes), fill, old.dtype)
        arrays[name][..., there] = old
    spec = HeadSpec(kind=head.spec.kind, parameters=head.spec.parameters, arrays=shapes(arrays))
    return FittedHead(spec, arrays)


def _counts(head: FittedHead, points: Features, truths: Targets, classes: int) -> confusion.Counts:
    return confusion.confusion_matrix(truths, head.logits(points).argmax(axis=1), classes)


def _said(tried: list[Tried], best: Parameters, spec: HeadSpec) -> list[str]:
    said = []
    if tried[0].macro_f1 is None:
        said.append("too few images for cross-validation, so the first parameters were taken")
    if spec.kind == "neighbours" and spec.parameters["neighbours"] != best["neighbours"]:
        said.append(
            f"{best['neighbours']} neighbours were asked for, {spec.parameters['neighbours']} are there"
        )
    return said
