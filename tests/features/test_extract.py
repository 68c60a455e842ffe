"""Shards to features by a real network: the same bits with a store and without, whatever shares a batch."""

import logging
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pylib import INSTRUCTIONS
from pylib.data.shards import ShardIndex
from pylib.errors import ConfigurationError, ModelError
from pylib.features import compute
from pylib.features.compute import BATCH
from pylib.features.extract import extract
from pylib.features.key import table_key
from pylib.features.table import LEARNING_SPLITS, FeatureIndex, read_features
from pylib.models.weights_origin import WeightsOrigin
from pylib.processor import instructions
from pylib.tasks.classification.features import Config, build
from tests.features.made import CLASSES, COUNTS, SIZE, pictures, write_shards
from tests.store.s3 import BUCKET

CONFIG = Config(backbone="mobilenet_v2", alpha=0.35)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_with_the_store_and_without_it_the_folder_has_the_same_bytes(tmp_path: Path) -> None:
    """The first fill knows other images of the same splits, in another order and other batches."""
    store = (tmp_path / "artifacts").as_uri()
    first, second = (write_shards(tmp_path / name, first=start) for name, start in (("a", 0), ("b", 40)))
    _, computed = extract(first, tmp_path / "of_a", CONFIG, "none", artifacts=store)
    assert computed == 79
    _, added = extract(second, tmp_path / "with", CONFIG, "none", artifacts=store)
    assert added == 40 + 9
    _, alone = extract(second, tmp_path / "without", CONFIG, "none", artifacts=(tmp_path / "other").as_uri())
    assert alone == 79
    assert files(tmp_path / "with") == files(tmp_path / "without")
    assert extract(second, tmp_path / "again", CONFIG, "none", artifacts=store)[1] == 0
    assert files(tmp_path / "again") == files(tmp_path / "without")


def test_the_folder_says_whose_features_it_holds(tmp_path: Path, s3) -> None:
    shards = write_shards(tmp_path / "shards", validation=0)
    made, _ = extract(shards, tmp_path / "features", CONFIG, "none", artifacts=f"s3://{BUCKET}/artifacts")
    assert FeatureIndex.read(tmp_path / "features") == made
    assert (made.classes, made.image_size, made.width) == (CLASSES, SIZE, 1280)
    assert made.ids["train"] == [f"train_{number}" for number in range(COUNTS["train"])]
    for split in LEARNING_SPLITS:
        rows, targets = read_features(tmp_path / "features", split)
        assert len(rows) == len(targets) == len(made.ids[split])
    assert {key.partition("/")[0] for key in s3.content()} == {"artifacts"}
    assert not any("test" in path.name for path in (tmp_path / "features").iterdir())


@pytest.mark.parametrize(
    ("backbone", "size"), [("mobilenet_v2", SIZE), ("convnext_tiny", 64), ("mobilenet_v2", 96)]
)
def test_the_bits_of_a_row_depend_on_its_image_alone(backbone: str, size: int) -> None:
    """And not on its place in a batch, on what shares that, or on how many of them are wanted."""
    network = compute.network("classification", Config(backbone=backbone), size, None)
    images = np.random.default_rng(3).integers(0, 256, (2 * BATCH, size, size, 3), dtype=np.uint8)
    whole = network(images[:BATCH])
    assert len({row.tobytes() for row in whole}) == BATCH
    assert (network(images[:BATCH][::-1])[::-1] == whole).all()
    for count in (1, 2, 5, BATCH - 1):
        assert (network(images[:count]) == whole[:count]).all()
    mixed = network(np.concatenate([images[BATCH : 2 * BATCH - 11], images[:11]]))
    assert (mixed[BATCH - 11 :] == whole[:11]).all()


def multiply(count: int) -> tuple[compute.Forward, tuple[int, ...]]:
    """A product of matrices as the dense layers of a network have it, of so many images."""
    kernel = tf.constant(np.random.default_rng(1).normal(size=(768, 3072)), tf.float32)

    def product(pixels: tf.Tensor, *, training: bool) -> tf.Tensor:
        assert not training
        return tf.matmul(tf.cast(tf.reshape(pixels, (count, 768)), tf.float32), kernel)

    shape = (count, 16, 16, 3)
    return compute.traced(product, shape), shape


def test_a_batch_is_whole_blocks_of_rows_because_what_is_left_over_gets_other_bits() -> None:
    """Blocks are of six rows with AVX2: of 50 images the last two have another order of sums."""
    assert not compute.depends_on_place(*multiply(BATCH))
    assert compute.depends_on_place(*multiply(50)) or instructions() != INSTRUCTIONS


def test_a_network_whose_rows_depend_on_their_place_looks_at_images_one_by_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compute, "depends_on_place", lambda *_: True)
    with caplog.at_level(logging.WARNING):
        network = compute.network("classification", CONFIG, SIZE, None)
    assert "one image at a time" in caplog.text
    images = pictures(5, seed=3)
    whole = network(images)
    assert whole.shape == (5, 1280)
    assert all((network(images[place : place + 1])[0] == whole[place]).all() for place in range(5))


def test_random_weights_are_the_same_whatever_was_built_before() -> None:
    one = build(CONFIG, SIZE, None)
    build(Config(backbone="vgg16"), SIZE, None)
    other = build(CONFIG, SIZE, None)
    images = pictures(3, seed=1)
    assert (np.asarray(one(images)) == np.asarray(other(images))).all()


def test_a_file_of_weights_is_named_by_its_digest_and_gives_other_features(tmp_path: Path) -> None:
    path = tmp_path / "first.weights.h5"
    shards = write_shards(tmp_path / "shards", train=3, validation=1)
    network = build(CONFIG, SIZE, None).get_layer("mobilenet_v2")
    store = str(tmp_path / "artifacts")
    for scale in (2, 3):
        for variable in network.weights:
            variable.assign(np.asarray(variable) * scale)
        network.save_weights(path)
        made, computed = extract(shards, tmp_path / f"x{scale}", CONFIG, path, artifacts=store)
        assert computed == 4
        assert made.weights.origin == "file"
    assert not (
        read_features(tmp_path / "x2", "train")[0] == read_features(tmp_path / "x3", "train")[0]
    ).all()


def test_weights_that_give_no_numbers_are_one_line(tmp_path: Path) -> None:
    network = build(CONFIG, SIZE, None).get_layer("mobilenet_v2")
    network.weights[0].assign(np.full(network.weights[0].shape, np.nan))
    network.save_weights(tmp_path / "bad.weights.h5")
    shards = write_shards(tmp_path / "shards", train=3, validation=1)
    with pytest.raises(ModelError, match=r"not finite: the weights .* are damaged"):
        extract(
            shards, tmp_path / "x", CONFIG, tmp_path / "bad.weights.h5", artifacts=str(tmp_path / "store")
        )
    assert not (tmp_path / "x").exists()
    assert not list(tmp_path.glob("store/features/*/*.npy"))


def test_a_task_without_features_is_one_line(tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "shards", task="segmentation")
    with pytest.raises(ConfigurationError, match="task segmentation: it has no features of whole images"):
        extract(shards, tmp_path / "x", CONFIG, "none", artifacts=str(tmp_path))


def test_a_key_names_all_that_a_row_depends_on_beside_its_image(tmp_path: Path) -> None:
    index = ShardIndex.read(write_shards(tmp_path / "shards"))
    key = table_key(index, CONFIG, WeightsOrigin())
    assert key == table_key(index, CONFIG, WeightsOrigin())
    others = [
        table_key(index, Config(backbone="mobilenet_v2", alpha=0.5), WeightsOrigin()),
        table_key(index, Config(backbone="vgg16", alpha=0.35), WeightsOrigin()),
        table_key(index, CONFIG, WeightsOrigin(origin="file", sha256="a" * 64)),
        table_key(index.model_copy(update={"sample_bits": 12}), CONFIG, WeightsOrigin()),
    ]
    assert len({key.digest, *(other.digest for other in others)}) == 5
    one_width = [table_key(index, Config(backbone="vgg16", alpha=a), WeightsOrigin()) for a in (0.35, 1.0)]
    assert one_width[0] == one_width[1]
