"""What a champion and the model beside it answered, by the log: do they agree, how sure, how fast."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pylib.provenance.answers import answer

_Z = 1.959964  # of 95 %
CONFIDENCES = ("confidence", "mean_confidence")


@dataclass(frozen=True)
class Side:
    """One model's answers: how many, their mean confidence (0..1), seconds at the median and at 99 %.

    The seconds are those of the model server, from the pixels to the answer. None is what no record has.
    """

    digest: str
    answers: int
    confidence: float | None
    p50_seconds: float | None
    p99_seconds: float | None


@dataclass(frozen=True)
class Agreement:
    """How much the two agree on the images that both answered, 0..1, with its 95 % interval.

    images: how many different ones. None where there are none. The interval is Wilson's (1927), with an image
    as the unit: https://doi.org/10.1080/01621459.1927.10502953; for values between 0 and 1 it is rather wide.
    """

    images: int
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SideBySide:
    """Both models, and how much they agree."""

    champion: Side
    canary: Side
    agreement: Agreement


def compare(
    records: Iterable[Mapping[str, Any]], champion: str, canary: str, beside: str = "canary"
) -> SideBySide:
    """Set the answers of two models side by side, whichever order the records are in.

    champion, canary: their digests; beside: the name of the canary's predictor. What one answered in the
    other's place, as a canary that was the champion once, is not counted.
    """
    sides: dict[str, list[Mapping[str, Any]]] = {champion: [], canary: []}
    for record in records:
        digest = record.get("model_digest")
        if digest in sides and (record.get("predictor") == beside) == (digest == canary):
            sides[digest].append(record)
    return SideBySide(
        _side(champion, sides[champion]),
        _side(canary, sides[canary]),
        _agreement(sides[champion], sides[canary]),
    )


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """How much two answers to one image agree, 0..1, by their summaries.

    Where they have words, such as a label, 1 if all are the same. Else what their shares of classes have in
    common, as 1 less half the sum of the differences; of other numbers, 1 if they are equal.
    """
    words = [_only(str, each) for each in (one, other)]
    if any(words):
        return float(words[0] == words[1])
    shares = [_only(Mapping, each) for each in (one, other)]
    if any(shares):
        keys = {*shares[0], *shares[1]}
        apart = [_apart(shares[0].get(key, {}), shares[1].get(key, {})) for key in keys]
        return max(0.0, 1 - math.fsum(apart) / 2 / len(keys))
    return float(one == other)


def _only(kind: Any, summary: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if isinstance(value, kind)}


def _apart(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return math.fsum(abs(one.get(part, 0) - other.get(part, 0)) for part in {*one, *other})


def _side(digest: str, records: list[Mapping[str, Any]]) -> Side:
    summaries = [answer(record) for record in records]
    sure = [float(each[name]) for each in summaries for name in CONFIDENCES if name in each]
    seconds = [float(record["seconds"]) for record in records if "seconds" in record]
    p50, p99 = np.percentile(seconds, [50, 99]).tolist() if seconds else (None, None)
    return Side(digest, len(records), math.fsum(sure) / len(sure) if sure else None, p50, p99)


def _agreement(champion: list[Mapping[str, Any]], canary: list[Mapping[str, Any]]) -> Agreement:
    answered = [_by_image(champion), _by_image(canary)]
    both = sorted(answered[0].keys() & answered[1].keys())
    if not both:
        return Agreement(0, None, None, None)
    # One image that was sent a thousand times says no more than one that was sent once.
    values = [agree(answered[0][image], answered[1][image]) for image in both]
    mean = math.fsum(values) / len(values)
    return Agreement(len(both), mean, *_wilson(mean, len(values)))


def _by_image(records: list[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """A model's answer to each image: it gives the same one each time."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for record in records:
        found[str(record["image_sha256"])] = answer(record)
    return found


def _wilson(mean: float, count: int) -> tuple[float, float]:
    centre = (mean + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(mean * (1 - mean) / count + _Z**2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)
