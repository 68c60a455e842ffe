"""How often the checks of a review catch a poisoned batch, and how often they name a clean one.

Each trial parts a data set at random: old images, and a batch of new ones from one source. The batch is
looked at as it is, with 5 % of its labels changed, and with a pattern of 6 x 6 pixels on 3 % of its images,
which are moved to one class.

    python benchmarks/poison.py [--data SOURCE] [--weights FILE] [--old N] [--new N] [--trials N]
"""

import pylib  # isort: skip  # noqa: F401 - before numpy

import argparse
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pylib.data.dataset import INDEX_FILE
from pylib.data.images import decode_image
from pylib.data.ingest import ingest, read_parent
from pylib.data.layout import Reviewed
from pylib.data.plan import Options, plan_ingest
from pylib.data.sources import open_source
from pylib.models.weights_source import Weights
from pylib.review.batch import Batch
from pylib.review.checks.examine import BLOCKING, examine
from pylib.review.checks.features import features_of
from pylib.review.checks.material import Material
from pylib.review.origins import Origin
from pylib.store.opening import open_store
from pylib.tasks.task import find

CLEAN, FLIPPED, PATCHED = "clean", "5 % of labels flipped", "a 6-pixel patch on 3 %"
BATCHES = (CLEAN, FLIPPED, PATCHED)
PATTERN = np.where(np.indices((6, 6)).sum(axis=0)[..., None] % 2, [255, 255, 0], [0, 0, 255]).astype(np.uint8)


@dataclass(frozen=True)
class Picture:
    """An image of a data set: its bytes and the name of its class."""

    data: bytes
    label: str


@contextmanager
def pictures(source: str) -> Iterator[list[Picture]]:
    """The images of a source of classification."""
    with (
        tempfile.TemporaryDirectory() as cache,
        open_source(source, find("classification"), cache=Path(cache)) as opened,
    ):
        layout = find("classification").layout.read_layout(opened.folder, source)
        yield [Picture(one.image.read_bytes(), str(one.source)) for one in layout.candidates]


def poisoned(new: list[Picture], kind: str, random: np.random.Generator) -> list[Picture]:
    """The batch with some of it changed as `kind` says."""
    names = sorted({each.label for each in new})
    made = list(new)
    if kind == FLIPPED:
        for place in random.permutation(len(new))[: round(0.05 * len(new))].tolist():
            others = [name for name in names if name != new[place].label]
            made[place] = replace(new[place], label=others[random.integers(len(others))])
    if kind == PATCHED:
        target = names[random.integers(len(names))]
        others = [place for place, each in enumerate(new) if each.label != target]
        for place in others[: round(0.03 * len(new))]:
            made[place] = Picture(_patched(new[place].data), target)
    return made


def found(
    old: list[Picture], new: list[Picture], folder: Path, *, weights: Weights, artifacts: str
) -> Counter[str]:
    """What the checks find of a batch, by kind; an empty folder is written into."""
    for number, each in enumerate(old):
        path = folder / "old" / each.label / f"{number}.{_extension(each.data)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.data)
    store = open_store((folder / "store").as_uri())
    ingest(str(folder / "old"), store, "old", Options(task="classification"), cache=folder / "cache")
    parent, head = read_parent(store, "old", "master")
    if parent is None or head is None:
        raise SystemExit(f"no {INDEX_FILE}")
    batch = Batch()
    for number, each in enumerate(new):
        item = f"trip/{number:04}"
        batch.items[item] = Reviewed(each.data, {"label": each.label})
        batch.origins[item] = _origin(item)
    batch.write(folder / "new", parent.index)
    with plan_ingest(str(folder / "new"), parent, Options(add=True), cache=folder / "cache") as plan:
        seen = features_of(
            store,
            head,
            parent.index,
            plan.index,
            plan.files,
            weights=weights,
            artifacts=artifacts,
            folder=folder / "features",
        )
        return Counter(each.code for each in examine(Material(plan, parent, batch.origins, seen)))


def main() -> None:
    """Print a line a kind of batch: how many trials, and which kinds of findings were there in how many."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="sample")
    parser.add_argument("--weights", default="none")
    parser.add_argument("--old", type=int, default=400)
    parser.add_argument("--new", type=int, default=200)
    parser.add_argument("--trials", type=int, default=10)
    given = parser.parse_args()
    weights: Weights = "none" if given.weights == "none" else Path(given.weights)
    random, counts = np.random.default_rng(0), {kind: Counter[str]() for kind in BATCHES}
    with pictures(given.data) as images, tempfile.TemporaryDirectory() as kept:
        for _ in range(given.trials):
            order = [images[place] for place in random.permutation(len(images)).tolist()]
            old, new = order[: given.old], order[given.old : given.old + given.new]
            for kind in BATCHES:
                with tempfile.TemporaryDirectory() as folder:
                    batch = poisoned(new, kind, random)
                    kinds = found(old, batch, Path(folder), weights=weights, artifacts=Path(kept).as_uri())
                counts[kind].update(code for code in kinds if code in BLOCKING)
                counts[kind]["refused"] += any(code in BLOCKING for code in kinds)
    for kind, count in counts.items():
        said = ", ".join(f"{code} {number}" for code, number in sorted(count.items()))
        sys.stdout.write(f"{kind}: of {given.trials} batches of {given.new}: {said or 'nothing'}\n")


def _origin(item: str) -> Origin:
    texts = dict.fromkeys(
        ("submission", "by", "sent", "note", "reviewer", "decided", "why", "prediction_id", "model_digest"),
        "",
    )
    rest: dict[str, Any] = {"kind": "contribution", "source": "trip", "corrected": False, "answered": None}
    return Origin.model_validate({"item": item, **texts, **rest})


def _patched(data: bytes) -> bytes:
    pixels = decode_image(data).copy()
    pixels[-7:-1, -7:-1] = PATTERN
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _extension(data: bytes) -> str:
    return "png" if data.startswith(b"\x89PNG") else "jpg"


if __name__ == "__main__":
    main()
