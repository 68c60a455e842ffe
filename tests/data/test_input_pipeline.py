"""The tf.data input over shard files."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pylib.data import input_pipeline
from pylib.data.input_pipeline import ShardReader, Share
from pylib.data.shards import load_split
from pylib.errors import ConfigurationError, DataError

SIZE, COUNTS = 16, (5, 5, 3)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Thirteen items in three files; every image carries its own number in its first pixel."""
    random = np.random.default_rng(0)
    (tmp_path / "train").mkdir()
    files, number = [], 0
    for shard, count in enumerate(COUNTS):
        images = random.integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)
        images[:, 0, 0, 0] = range(number, number + count)
        number += count
        entry = {kind: f"train/{kind}-{shard:05}.npy" for kind in ("images", "masks")}
        np.save(tmp_path / entry["images"], images)
        np.save(tmp_path / entry["masks"], random.integers(0, 3, (count, SIZE, SIZE), dtype=np.uint8))
        files.append(entry | {"count": count})
    items = [{"id": str(item), "image_sha256": "0" * 64, "mask_sha256": "0" * 64} for item in range(number)]
    splits = {"train": {"items": items, "shards": files}, "test": {"items": [], "shards": []}}
    index = {"format": 1, "name": "n", "image_size": SIZE, "classes": ["a", "b", "c"], "splits": splits}
    (tmp_path / "index.json").write_text(json.dumps(index))
    return tmp_path


def brightened(
    image: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor, strength: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """An augmentation of the image alone, as of a task whose targets are numbers."""
    change = tf.random.stateless_uniform(tf.shape(image), seed, 0, 200) * strength
    return tf.cast(tf.cast(image, tf.float32) * 0.2 + change, tf.uint8) if strength else image, mask


def epochs(
    shards: Path, first: int, last: int, *, strength: float = 0.0, seed: int = 3
) -> list[list[np.ndarray]]:
    """The batches of each epoch, as [images, masks]."""
    reader = ShardReader(shards, "train")
    batches = [
        [part.numpy() for part in batch]
        for batch in reader.epochs(
            4, seed=seed, first=first, last=last, augment=partial(brightened, strength=strength)
        )
    ]
    assert len(batches) == (last - first) * reader.steps(4)
    return batches


def numbers(batches: list[list[np.ndarray]]) -> list[int]:
    return [int(number) for images, _ in batches for number in images[:, 0, 0, 0]]


def test_in_order_gives_what_numpy_reads(shards: Path) -> None:
    batches = list(ShardReader(shards, "train").in_order(4))
    for part, expected in enumerate(load_split(shards, "train")):
        np.testing.assert_array_equal(np.concatenate([batch[part] for batch in batches]), expected)


def test_image_and_mask_stay_together_in_any_order(shards: Path) -> None:
    images, masks = load_split(shards, "train")
    for batch_images, batch_masks in epochs(shards, 0, 3):
        for image, mask in zip(batch_images, batch_masks, strict=True):
            np.testing.assert_array_equal(image, images[image[0, 0, 0]])
            np.testing.assert_array_equal(mask, masks[image[0, 0, 0]])


@pytest.mark.parametrize("block_bytes", [2**29, 4 * SIZE**2 * 3])
def test_an_epoch_shows_no_item_twice_and_each_has_its_own_order(
    shards: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(input_pipeline, "_SHUFFLE_BYTES", block_bytes)
    orders = [numbers(epochs(shards, epoch, epoch + 1)) for epoch in range(6)]
    assert all(len(set(order)) == len(order) == 12 for order in orders)
    assert len({tuple(order) for order in orders}) == 6
    assert {number for order in orders for number in order} == set(range(13))


def test_resuming_at_an_epoch_gives_what_the_whole_run_saw(shards: Path) -> None:
    whole, rest = epochs(shards, 0, 4, strength=1.0), epochs(shards, 2, 4, strength=1.0)
    for expected, found in zip(whole[6:], rest, strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_augmentation_is_new_in_every_epoch_and_the_same_in_every_run(shards: Path) -> None:
    first, again, other = (epochs(shards, 0, 2, strength=1.0, seed=seed) for seed in (3, 3, 4))
    flat = [image.tobytes() for images, _ in first for image in images]
    assert len(set(flat)) == len(flat)
    assert flat == [image.tobytes() for images, _ in again for image in images]
    assert flat != [image.tobytes() for images, _ in other for image in images]


@pytest.mark.parametrize("places", [1, 2])
def test_the_shares_of_a_batch_put_together_are_the_batch(shards: Path, places: int) -> None:
    """Items, their order and their augmentation: in two processes, and on two devices of one."""
    reader, augment = ShardReader(shards, "train"), partial(brightened, strength=1.0)
    shares = [
        iter(reader.epochs(4, seed=3, first=1, last=4, augment=augment, share=Share(place, places, 2)))
        for place in range(places)
    ]
    for whole in reader.epochs(4, seed=3, first=1, last=4, augment=augment):
        parts = [next(shares[replica % places]) for replica in range(2)]
        for found, expected in zip(zip(*parts, strict=True), whole, strict=True):
            assert all(len(part) == 2 for part in found)
            np.testing.assert_array_equal(np.concatenate(found), expected)
    assert not [part for share in shares for part in share]


def test_a_batch_that_cannot_be_shared_evenly_is_refused(shards: Path) -> None:
    reader = ShardReader(shards, "train")
    for batch, size in ((3, 3), (64, 13)):  # the second is the whole split, which is smaller
        with pytest.raises(ConfigurationError, match=f"batch={size}: 2 replicas"):
            reader.epochs(batch, seed=0, first=0, last=1, share=Share(0, 2, 2))


def test_a_batch_larger_than_the_split_is_the_split(shards: Path) -> None:
    reader = ShardReader(shards, "train")
    (batch,) = reader.epochs(64, seed=0, first=0, last=1)
    assert batch[0].shape == (13, SIZE, SIZE, 3)
    assert reader.steps(64) == 1


def damaged(shards: Path, how: str) -> str:
    path = shards / "train" / "images-00001.npy"
    array = np.load(path)
    if how == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif how == "missing":
        path.unlink()
    elif how == "pickle":
        np.save(path, np.array([{}], object))
    elif how == "other header":
        with path.open("wb") as file:
            np.lib.format.write_array(file, array, version=(2, 0))
            file.seek(0)
        data = path.read_bytes()
        path.write_bytes(
            data[:8] + (len(data[12:128]) + 64).to_bytes(4, "little") + data[12:127] + b" " * 64 + data[127:]
        )
    elif how == "other dtype":
        np.save(path, array.astype(np.int16))
    elif how == "other count":
        np.save(path, array[:-1])
    elif how == "fortran order":
        np.save(path, np.asfortranarray(array))
    return "test" if how == "empty split" else "train"


@pytest.mark.parametrize(
    "how",
    [
        "truncated",
        "missing",
        "pickle",
        "other header",
        "other dtype",
        "other count",
        "fortran order",
        "empty split",
    ],
)
def test_damaged_shards_are_refused_in_one_line(shards: Path, how: str) -> None:
    split = damaged(shards, how)
    with pytest.raises(DataError) as caught:
        ShardReader(shards, split)
    assert "\n" not in str(caught.value)
    assert str(shards) in str(caught.value)
