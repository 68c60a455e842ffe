"""The features of images: those that the store has, and those that it lacks, computed and added to it.

A run with a store gives what a run without one gives, bit for bit: a row follows from its image and the
table's key alone. To hold the store to that, some of what it has is computed once more whenever there is
something to compute, in places of a batch that would be empty.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from tqdm import tqdm

from pylib.errors import StoreError
from pylib.features.compute import BATCH, Compute, Pixels
from pylib.features.feature_store import FeatureTable
from pylib.features.segments import Row, Rows

CHUNK = 64 * BATCH
"""Images after which what was computed is kept: a run that is killed loses no more."""

_LOG = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")
_Images = Mapping[bytes, Pixels]


def fill(images: _Images, table: FeatureTable, build: Callable[[], Compute], width: int) -> tuple[Rows, int]:
    """Return the row of each image, float32 [width], and how many of them were computed.

    images: by the key of their pixels; build: called where there is something to compute. A store that cannot
    be read or written costs time and a warning, not the run.
    """
    kept = _Kept(table)
    nothing: Rows = {}
    known = kept.ask(lambda there: there.find(images.keys(), width), nothing)
    kept.ask(FeatureTable.use, None)  # after it: what lies in a store that takes nothing can be read
    missing = [key for key in images if key not in known]
    if not missing:
        return known, 0
    compute = build()
    made, agreed = _first(missing, known, images, compute)
    if not agreed:
        _LOG.warning("%s holds other features than are computed here: all are computed again", table.url)
        kept.ask(FeatureTable.clear, None)
        known, missing, made = {}, list(images), {}
    kept.ask(lambda there: there.append(made), None)
    for rows in _chunks(missing[len(made) :], images, compute):
        kept.ask(lambda there, rows=rows: there.append(rows), None)  # type: ignore[misc]
        made |= rows
    kept.ask(lambda there: there.merge(width), None)
    return {**known, **made}, len(missing)


def _first(
    missing: Sequence[bytes], known: Rows, images: _Images, compute: Compute
) -> tuple[dict[bytes, Row], bool]:
    """Compute what fills no batch, and in the places left some of what the store has.

    Returns the rows of the first, and whether the store has the others with the same bits.
    """
    few = missing[: len(missing) % BATCH]
    step = -(-len(known) // (BATCH - len(few)))
    again = list(known)[:: step or 1]
    if not few and not again:
        return {}, True
    rows = dict(zip([*few, *again], compute([images[key] for key in [*few, *again]]), strict=True))
    agreed = all(rows[key].tobytes() == known[key].tobytes() for key in again)
    return {key: rows[key] for key in few}, agreed


def _chunks(missing: Sequence[bytes], images: _Images, compute: Compute) -> Iterator[dict[bytes, Row]]:
    with tqdm(total=len(missing), desc="features", unit="image", disable=None) as progress:
        for start in range(0, len(missing), CHUNK):
            rows: dict[bytes, Row] = {}
            for place in range(start, min(start + CHUNK, len(missing)), BATCH):
                keys = missing[place : place + BATCH]
                rows |= zip(keys, compute([images[key] for key in keys]), strict=True)
                progress.update(len(keys))
            yield rows


class _Kept:
    """A table that is asked no more after the first trouble: a store that does not answer takes its time."""

    def __init__(self, table: FeatureTable) -> None:
        self._table: FeatureTable | None = table

    def ask(self, question: Callable[[FeatureTable], _Answer], otherwise: _Answer) -> _Answer:
        try:
            return question(self._table) if self._table else otherwise
        except StoreError as error:
            _LOG.warning("features that are computed are not kept: %s", error)
            self._table = None
            return otherwise
