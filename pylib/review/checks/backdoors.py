"""Traces of a backdoor: one small pattern in images of one class; features that set some of a class apart.

The pattern is BadNets' (Gu et al., https://arxiv.org/abs/1708.06733). Spectral signatures are Tran, Li &
Madry's (NeurIPS 2018, https://arxiv.org/abs/1811.00636, algorithm 1), here on the features of the frozen
network: what poisons a class lies far out along the first singular vector of its centred features.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pylib.data.duplicates import clusters
from pylib.data.findings import Finding, find
from pylib.data.images import decode_image
from pylib.review.checks.labels import ALPHA
from pylib.review.checks.material import Material

WINDOW = 6
"""Side of the pattern that is looked for, in pixels of the image as it was sent."""
FEW = 3
"""So many images of a class with one pattern are no accident."""
_CORNER = 32  # pixels: where it is looked for, in the four corners and the middle
_NEAR = 25  # of 255, in brightness: what JPEG does to a pixel; colours it smears over its neighbours
_CONTRAST = 60  # of 255, from a pixel to its neighbours: less is a plain ground or a slope
_ALIKE = 0.97  # of the pixels: images that share more are copies, which are a flood
_OUTER = 0.95
_MOST = 1000  # images of a class: all pairs are compared
_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)
Bytes = NDArray[np.uint8]


def patches(material: Material) -> Iterator[Finding]:
    """Name the groups of new images of one class that show the same small pattern at the same place."""
    classes: dict[str, dict[str, Bytes]] = defaultdict(dict)
    for sample in material.new:
        pixels = decode_image(sample.image.read_bytes(), sample_bits=material.plan.index.sample_bits)
        if min(pixels.shape[:2]) >= WINDOW:
            classes[sample.target.meaning][sample.id] = places(pixels)
    for shown in classes.values():
        ids = list(shown)[:_MOST]
        links = ((ids[one], ids[other]) for one, other in sharing(np.stack([shown[item] for item in ids])))
        for same in clusters(links):
            if len(same) >= FEW:
                reason = f"{len(same)} images of one class show one pattern of {WINDOW} pixels at one place"
                yield find("backdoor-patch", same[0], reason, same[1:])


def signatures(material: Material) -> Iterator[Finding]:
    """Name the classes whose new images lie far out along the first singular vector of their features."""
    features = material.features
    if features is None:
        return
    for label, name in enumerate(features.classes):
        old = features.old[features.old_targets == label]
        places_ = np.flatnonzero(features.new_targets == label)
        if len(old) <= FEW or len(places_) < FEW:
            continue
        scores = outlying(np.concatenate([old, features.new[places_]]))
        limit = np.quantile(scores[: len(old)], _OUTER)
        outer = places_[scores[len(old) :] > limit]
        chance = _chance(len(outer), len(places_), int((scores[: len(old)] > limit).sum()), len(old))
        if chance * len(features.classes) < ALPHA:
            ids = [features.ids[place] for place in outer]
            reason = f"{len(outer)} of {len(places_)} new images of {name} lie apart (p = {chance:.1g})"
            yield find("backdoor-signature", ids[0], reason, ids[1:])


def places(pixels: Bytes) -> Bytes:
    """The four corners and the middle of an image, uint8 [5,32,32,3]; a smaller image is filled up with 0."""
    height, width = pixels.shape[:2]
    side = _CORNER
    padded = np.zeros((max(height, side), max(width, side), 3), np.uint8)
    padded[:height, :width] = pixels
    bottom, right = max(height - side, 0), max(width - side, 0)
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    return np.stack([padded[top : top + side, left : left + side] for top, left in corners])


def sharing(shown: Bytes) -> list[tuple[int, int]]:
    """Pairs of images whose places, uint8 [N,5,32,32,3], have one window with one contrasting pattern."""
    grey = shown.astype(np.float32) @ _BRIGHTNESS
    contrast = _contrast(grey)
    pairs: list[tuple[int, int]] = []
    for one in range(len(shown) - 1):
        rest = grey[one + 1 :]
        same = np.abs(rest - grey[one]) <= _NEAR
        alike = same.mean(axis=(1, 2, 3))
        whole = _everywhere(same) & contrast[one] & contrast[one + 1 :]
        found = whole.any(axis=(1, 2, 3)) & (alike < _ALIKE)
        pairs += [(one, one + 1 + int(other)) for other in np.flatnonzero(found)]
    return pairs


def outlying(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """The squared projection [N] of rows [N,W], centred, onto their first right singular vector."""
    centred = features.astype(np.float64) - features.mean(axis=0)
    _, _, vectors = np.linalg.svd(centred, full_matrices=False)
    return np.asarray((centred @ vectors[0]) ** 2)


def _contrast(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which windows are a pattern and no ground or slope, which photographs share: [N,5,27,27].

    By the mean step from a pixel to the next, to the right and down together.
    """
    steps = np.zeros_like(grey)
    steps[:, :, :, :-1] += np.abs(np.diff(grey, axis=3))
    steps[:, :, :-1] += np.abs(np.diff(grey, axis=2))
    windows = np.lib.stride_tricks.sliding_window_view(steps, (WINDOW, WINDOW), axis=(2, 3))
    return np.asarray(windows.mean(axis=(-1, -2)) >= _CONTRAST)


def _everywhere(same: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which windows are the same in all their pixels: of [N,5,32,32], [N,5,27,27]."""
    count = _CORNER - WINDOW + 1
    rows = np.logical_and.reduce([same[:, :, step : step + count] for step in range(WINDOW)])
    return np.asarray(np.logical_and.reduce([rows[..., step : step + count] for step in range(WINDOW)]))


def _chance(outer: int, new: int, outer_old: int, old: int) -> float:
    from scipy.stats import fisher_exact

    table: Sequence[Sequence[int]] = [[outer, new - outer], [outer_old, old - outer_old]]
    return float(fisher_exact(table, alternative="greater")[1])
