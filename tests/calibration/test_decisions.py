"""Decisions of a calibration split: what counts, of each image as many, the same again."""

from pathlib import Path

import numpy as np

from pylib.calibration.decisions import MOST, decided, one_a_group
from pylib.data.shards import ArraySpec, Shard, ShardIndex, ShardItem, Split


def shards(folder: Path, groups: list[str | None], side: int = 8) -> Path:
    """Images whose number is their pixels' value; the first row of each mask is ignored."""
    (folder / "calibration").mkdir()
    count = len(groups)
    inputs = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, side, side, 3))
    targets = np.zeros((count, side, side), np.uint8)
    targets[:, 4:] = 1
    targets[:, 0] = 255
    np.save(folder / "calibration/inputs.npy", inputs)
    np.save(folder / "calibration/targets.npy", targets)
    items = [
        ShardItem(id=str(place), image_sha256="0" * 64, target_sha256="0" * 64, group=group)
        for place, group in enumerate(groups)
    ]
    shard = Shard(inputs="calibration/inputs.npy", targets="calibration/targets.npy", count=count)
    index = ShardIndex(
        task="segmentation",
        name="made",
        classes=["a", "b"],
        inputs=ArraySpec(dtype="uint8", shape=(side, side, 3)),
        targets=ArraySpec(dtype="uint8", shape=(side, side), ignored=255),
        splits={"calibration": Split(items=items, shards=[shard])},
    )
    (folder / "index.json").write_bytes(index.dumps())
    return folder


def logits(batch: np.ndarray, *, training: bool) -> np.ndarray:
    """The image's number for a, and its row for b."""
    assert not training
    rows = np.broadcast_to(np.arange(float(batch.shape[1]))[:, None], batch.shape[:3])
    return np.stack([batch[..., 0].astype(np.float64), rows], axis=-1).astype(np.float32)


def test_ignored_pixels_are_no_decisions_and_each_knows_its_image(tmp_path: Path) -> None:
    found = decided(shards(tmp_path, [None] * 20), logits)
    assert found.logits.shape == (20 * 7 * 8, 2)
    assert (found.logits[:, 1] >= 1).all()
    assert (found.truths == (found.logits[:, 1] >= 4)).all()
    same = [np.unique(found.images[found.logits[:, 0] == number]) for number in range(20)]
    assert [len(each) for each in same] == [1] * 20
    assert len(np.unique(np.concatenate(same))) == 20


def test_of_many_each_image_gives_as_many_and_the_same_again(tmp_path: Path) -> None:
    folder = shards(tmp_path, [None] * 40, side=64)
    found = decided(folder, logits)
    assert np.bincount(found.images).tolist() == [MOST // 40] * 40
    for one, other in zip(found, decided(folder, logits), strict=True):
        np.testing.assert_array_equal(one, other)


def test_images_of_a_group_stay_together(tmp_path: Path) -> None:
    found = decided(shards(tmp_path, ["x", None, "y", "x", None]), logits)
    numbers = [set(found.images[found.logits[:, 0] == number].tolist()) for number in range(5)]
    assert numbers[0] == numbers[3]
    assert len(set().union(*numbers)) == 4


def test_a_group_called_as_an_item_is_another() -> None:
    made = [
        ShardItem(id=name, image_sha256="0" * 64, target_sha256="0" * 64, group=group)
        for name, group in (("1", None), ("2", "1"), ("3", "1"))
    ]
    first, second, third = one_a_group(made)
    assert second == third != first
