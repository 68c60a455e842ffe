"""The score on changed images of the test split: under attack, under corruptions; and what a flip changes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pylib.evaluation.judged_split import JudgedSplit
from pylib.evaluation.robustness.attacks import Gradient, fgsm, pgd
from pylib.evaluation.robustness.corruptions import corrupted
from pylib.evaluation.robustness.record import (
    ATTACKS,
    CORRUPTIONS,
    EPS,
    FLIPS,
    STRENGTHS,
    Changed,
    Robustness,
)

MOST = 128
"""So many test images are changed at most, evenly over all: an attack costs 50 times an answer."""
BATCH = 16
_MASK = 3  # dimensions of masks [N,H,W]
Outputs = Callable[[NDArray[Any]], NDArray[Any]]
Arrays = tuple[NDArray[Any], NDArray[Any]]


def measured(test: JudgedSplit, outputs: Outputs, gradient: Gradient) -> Robustness:
    """Change the images of a test split and ask the exported model of them.

    outputs: the export's answers to uint8 images [N,H,W,3]; gradient: of the model that it was exported from
    """
    part = test.evenly(MOST)
    jobs = [*_attacks(part, gradient), *_corruptions(part)]
    changed = [
        Changed(by=by, kind=kind, strength=strength, score=_score(part, *make(), outputs))
        for by, kind, strength, make in tqdm(jobs, desc="robustness", unit="change", disable=None)
    ]
    return Robustness(
        images=len(part.items),
        clean=_score(part, part.inputs, part.targets, outputs),
        changed=changed,
        flips={name: _kept(part, axis, outputs) for axis, name in enumerate(FLIPS[::-1], start=1)},
    )


def _attacks(part: JudgedSplit, gradient: Gradient) -> Iterator[tuple[Any, str, int, Callable[[], Arrays]]]:
    attacks = dict(zip(ATTACKS, (fgsm, pgd), strict=True))
    for kind, attack in attacks.items():
        for eps in EPS:

            def make(attack: Callable[..., Any] = attack, eps: int = eps) -> Arrays:
                found = [
                    attack(np.asarray(inputs), targets, gradient, eps) for inputs, targets in _batches(part)
                ]
                return np.concatenate(found), part.targets

            yield "attack", kind, eps, make


def _corruptions(part: JudgedSplit) -> Iterator[tuple[Any, str, int, Callable[[], Arrays]]]:
    for kind in CORRUPTIONS:
        for strength in STRENGTHS:

            def make(kind: str = kind, strength: int = strength) -> Arrays:
                masks = part.targets if part.targets.ndim == _MASK else [None] * len(part.inputs)
                found = [
                    corrupted(kind, strength, image, mask, seed)
                    for seed, (image, mask) in enumerate(zip(part.inputs, masks, strict=True))
                ]
                images = np.stack([each.image for each in found])
                moved = [each.mask for each in found if each.mask is not None]
                return images, np.stack(moved) if moved else part.targets

            yield "corruption", kind, strength, make


def _score(part: JudgedSplit, inputs: Any, targets: Any, outputs: Outputs) -> float | None:
    seen = part.seen()
    for start in range(0, len(inputs), BATCH):
        said = outputs(inputs[start : start + BATCH])
        seen.add(targets[start : start + BATCH], said, said)
    found = float(part.task.judgement.score(seen.measures().sum(axis=0)))
    return None if np.isnan(found) else found


def _kept(part: JudgedSplit, axis: int, outputs: Outputs) -> float:
    """The share of decisions that are the same of flipped images; of masks, flipped back."""
    kept = []
    for inputs, _ in _batches(part):
        plain = outputs(inputs).argmax(axis=-1)
        other = outputs(np.flip(inputs, axis)).argmax(axis=-1)
        kept.append(plain == (np.flip(other, axis) if other.ndim == _MASK else other))
    return float(np.concatenate(kept).mean())


def _batches(part: JudgedSplit) -> Iterator[Arrays]:
    for start in range(0, len(part.inputs), BATCH):
        yield part.inputs[start : start + BATCH], part.targets[start : start + BATCH]
