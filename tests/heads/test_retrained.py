"""A retraining after new images came: what the feature store saves changes no bit of any head."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pylib.data.plan import Options
from pylib.data.shard_writer import write_shards
from pylib.features.extract import extract
from pylib.heads.fit import fit_head
from pylib.heads.table import HEADS
from pylib.models.heads.fitted import HeadRecord, read_head
from pylib.steps.ingest import ingest
from pylib.store.local import LocalStore
from pylib.tasks.task import find

COUNT, EACH, SIZE = 120, 20, 32
"""Images of the sample; one of so many comes later, which is 5 %; pixels of a side."""


class Features(NamedTuple):
    """A folder of features, how many of them were computed, and of how many images they are."""

    folder: Path
    computed: int
    images: int


class Retrained(NamedTuple):
    """The features before the new images, after them by the same store, and after them without."""

    first: Features
    kept: Features
    without: Features


@pytest.fixture(scope="module")
def retrained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retrained]:
    """The built-in sample, committed but for 5 %, and then those added, as a person does it."""
    folder = tmp_path_factory.mktemp("retrained")
    find("classification").sample.make_sample(folder / "new", count=COUNT, size=SIZE)
    for number, picture in enumerate(sorted((folder / "new").glob("*/*.jpg"))):
        if number % EACH:
            place = folder / "old" / picture.relative_to(folder / "new")
            place.parent.mkdir(parents=True, exist_ok=True)
            picture.rename(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        before = committed(folder, "old", Options(task="classification"))
        after = committed(folder, "new", Options(add=True))
        yield Retrained(
            features(folder, before, "first", store="artifacts"),
            features(folder, after, "kept", store="artifacts"),
            features(folder, after, "without", store="empty"),
        )


def committed(folder: Path, source: str, options: Options) -> Path:
    """Commit a folder of images to the one repository; return the shards of what it holds then."""
    store = LocalStore(folder / "store")
    found = ingest(
        str(folder / source), store, "inks", options, cache=folder / "cache", report=folder / f"{source}.html"
    )
    store.checkout(found.commit.ref, folder / f"{source}-data")
    write_shards(folder / f"{source}-data", folder / f"{source}-shards", image_size=SIZE)
    return folder / f"{source}-shards"


def features(folder: Path, shards: Path, name: str, *, store: str) -> Features:
    config = find("classification").features.Config(backbone="vgg16")  # of the fewest features
    index, computed = extract(shards, folder / name, config, "none", artifacts=(folder / store).as_uri())
    return Features(folder / name, computed, sum(len(ids) for ids in index.ids.values()))


@pytest.mark.slow
def test_only_what_was_added_is_computed(retrained: Retrained) -> None:
    first, kept, without = retrained
    assert first.computed == first.images
    assert kept.computed == kept.images - first.images
    assert 0 < kept.computed <= COUNT / EACH
    assert without.computed == without.images == kept.images


@pytest.mark.slow
@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_the_one_that_it_is_without_the_store(
    name: str, retrained: Retrained, tmp_path: Path
) -> None:
    kept, its = fitted(retrained.kept, name, tmp_path / "kept")
    without, other = fitted(retrained.without, name, tmp_path / "without")
    assert kept == without
    assert its == other


def fitted(of: Features, name: str, output: Path) -> tuple[HeadRecord, dict[str, bytes]]:
    output.mkdir()
    record = fit_head(of.folder, name, output)
    return record, {key: value.tobytes() for key, value in read_head(output)[1].arrays.items()}
