"""Ids that are ignored, from a folder of masks to what a training reads; and former formats beside them."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from pylib.data.dataset import DatasetIndex
from pylib.data.ingest import IngestResult, ingest
from pylib.data.input_pipeline import ShardReader
from pylib.data.plan import Options
from pylib.data.shard_writer import write_shards
from pylib.data.shards import ArraySpec, ShardIndex, load_split
from pylib.errors import ConfigurationError, DataError
from pylib.store.local import LocalStore
from pylib.tasks.task import find
from pylib.training.checkpoints import History
from pylib.training.config import training_config
from pylib.training.loop import Data, Loop
from pylib.training.precision import build_optimizer, choose_policy
from pylib.training.train_step import TrainStep
from pylib.training.workers import choose_strategy
from tests.data.made import Folder, encode, rings

VOC = {0: "background", 8: "cat"}


def voc(void: int = 255) -> np.ndarray:
    """A cat on background within a band of void, uint8 [40,48]."""
    ids = np.array([8, 8, 0, void], np.uint8)
    return ids[rings()]


@pytest.fixture
def run(tmp_path: Path):
    store = LocalStore(tmp_path / "store")

    def run(folder: Folder, **options: object) -> IngestResult:
        cache, report = tmp_path / "cache", tmp_path / "report"
        return ingest(str(folder.root), store, "set", Options(**options), cache=cache, report=report)

    run.store = store
    return run


@pytest.fixture
def cats(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "cats")
    for number in range(40):
        folder.put(f"item_{number:02}", seed=number, mask=encode(voc(), "PNG"))
    return folder


def shards(run, result: IngestResult, tmp_path: Path, size: int = 32) -> Path:
    run.store.checkout(result.commit, tmp_path / "data")
    write_shards(tmp_path / "data", tmp_path / "shards", image_size=size)
    return tmp_path / "shards"


@pytest.mark.parametrize("said", [VOC, VOC | {255: "ignore"}])
def test_255_is_ignored_said_or_not(run, cats: Folder, tmp_path: Path, said: dict[int, str]) -> None:
    result = run(cats, classes=said)
    assert (len(result.index.items), result.index.classes, result.index.ignored) == (40, VOC, [255])
    [finding] = result.findings
    share = np.mean(voc() == 255)
    assert (finding.code, finding.item, finding.rejected) == ("id-ignored", "255", False)
    assert finding.reason == f"{share:.2%} of all pixels, in 40 masks, count for nothing"
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert report["class_shares"] == {
        "background": pytest.approx(np.mean(voc() == 0) / (1 - share)),
        "cat": pytest.approx(np.mean(voc() == 8) / (1 - share)),
    }
    assert report["ignored"] == {"255": pytest.approx(share)}
    assert "id 255 is ignored" in (tmp_path / "report/report.html").read_text()

    folder = shards(run, result, tmp_path)
    index = ShardIndex.read(folder)
    assert (index.classes, index.targets.ignored) == (["background", "cat"], 255)
    masks = load_split(folder, "train")[1]
    assert set(np.unique(masks)) == {0, 1, 255}
    network, config = find("segmentation").network, training_config("segmentation")
    spec = network.spec(config, index, network.first_weights("none", config)[1])
    assert spec.classes == ("background", "cat")


def test_another_id_is_ignored(run, cats: Folder, tmp_path: Path) -> None:
    swap = np.arange(256, dtype=np.uint8)
    swap[[0, 255]] = 1, 0  # as in ADE20K: 0 is nothing known
    for number in range(40):
        cats.mask(f"item_{number:02}.png", encode(swap[voc()], "PNG"))
    (cats.root / "classes.yaml").write_text("0: ignore\n1: wall\n8: cat\n")
    result = run(cats)
    assert (result.index.classes, result.index.ignored) == ({1: "wall", 8: "cat"}, [0])
    assert len(result.index.items) == 40
    masks = load_split(shards(run, result, tmp_path), "train")[1]
    assert set(np.unique(masks)) == {0, 1, 255}
    assert run(cats).commit.id == result.commit.id


def test_255_is_a_class_where_it_is_named_as_one(run, cats: Folder, tmp_path: Path) -> None:
    result = run(cats, classes=VOC | {255: "edge"})
    assert (result.findings, result.index.ignored) == ([], [])
    folder = shards(run, result, tmp_path)
    assert ShardIndex.read(folder).targets.ignored is None
    assert set(np.unique(load_split(folder, "train")[1])) == {0, 1, 2}


def test_what_is_ignored_is_kept_in_mind_by_what_is_added(run, cats: Folder) -> None:
    first = run(cats, classes=VOC | {3: "ignore"})
    assert first.index.ignored == [3, 255]
    for path in cats.root.rglob("item_*"):
        path.unlink()
    cats.put("more", seed=99, mask=encode(voc(3), "PNG"))
    result = run(cats, add=True)
    assert (len(result.index.items), result.index.classes, result.index.ignored) == (41, VOC, [3, 255])
    with pytest.raises(ConfigurationError, match="what is added must have the same"):
        run(cats, add=True, classes=VOC | {3: "dog"})


def test_a_mask_of_nothing_but_ignored_pixels_is_named(run, cats: Folder) -> None:
    cats.put("x", seed=99, mask=encode(np.full((40, 48), 255, np.uint8), "PNG"))
    result = run(cats, classes=VOC)
    [rejected] = [finding for finding in result.findings if finding.rejected]
    assert (rejected.item, rejected.code) == ("x", "mask-ignored")
    assert "255, which is ignored unless it is named as a class" in rejected.reason


def test_masks_of_0_and_255_are_not_taken_for_empty_ones(run, cats: Folder) -> None:
    """A person whose object is 255 but who calls it 1 is told; nothing is committed."""
    for number in range(40):
        cats.mask(f"item_{number:02}.png", encode(np.where(voc() == 8, 255, 0).astype(np.uint8), "PNG"))
    with pytest.raises(DataError, match="hold 0 and 255 alone, and 255 is no class: name it"):
        run(cats, classes={0: "background", 1: "cat"})
    assert run(cats, classes={0: "background", 255: "cat"}).findings == []


def test_partly_drawn_masks_are_kept_where_others_show_the_rest(run, cats: Folder) -> None:
    strokes = np.where(voc() == 8, 8, 255).astype(np.uint8)
    cats.put("x", seed=99, mask=encode(strokes, "PNG"))
    result = run(cats, classes=VOC)
    assert "x" in {item.id for item in result.index.items}
    for number in range(40):
        cats.mask(f"item_{number:02}.png", encode(strokes, "PNG"))
    with pytest.raises(DataError, match=r"no usable item .item_00: mask is cat and 255, which is ignored"):
        run(cats, classes=VOC)


def test_what_ignores_nothing_is_written_as_it_always_was(run, good: Folder, tmp_path: Path) -> None:
    result = run(good)
    assert b"ignored" not in result.index.dumps()
    assert DatasetIndex.loads(result.index.dumps()) == result.index
    folder = shards(run, result, tmp_path)
    assert "ignored" not in (folder / "index.json").read_text()
    assert ShardIndex.read(folder).targets == ArraySpec(dtype="uint8", shape=(32, 32))


def test_an_index_with_an_id_that_is_a_class_and_ignored_is_refused() -> None:
    content = {"format": 2, "task": "segmentation", "name": "x", "items": [], "ignored": [1]}
    with pytest.raises(DataError, match="id 1 is a class, and ignored"):
        DatasetIndex.loads(json.dumps(content | {"classes": {"1": "a", "2": "b"}}).encode())


def small_model() -> keras.Model:
    image = keras.Input((None, None, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(image)
    return keras.Model(image, keras.layers.Conv2D(2, 1, dtype="float32")(scaled))


@pytest.mark.parametrize("void", [True, False])
def test_a_run_ignores_what_augmentation_brings_in_where_its_data_ignores_anything(
    run, cats: Folder, tmp_path: Path, void: bool
) -> None:
    """A training whose masks ignore one pixel each; and one whose masks ignore none, which is as it was."""
    mask = np.where(voc() == 8, 8, 0).astype(np.uint8)
    mask[20, 24] = 255 if void else 0
    for number in range(40):
        cats.mask(f"item_{number:02}.png", encode(mask, "PNG"))
    folder = shards(run, run(cats, classes=VOC), tmp_path)
    model, policy = small_model(), choose_policy("off")
    history: History = []
    optimizer = build_optimizer(policy, model.trainable_variables, 0.0, {})
    steps = TrainStep(model, find("segmentation").objective, optimizer, choose_strategy())
    data = Data(ShardReader(folder, "train"), ShardReader(folder, "validation"), ("background", "cat"))
    config = training_config("segmentation", epochs=1, batch=8)
    loop = Loop(steps, config, 1, data, tmp_path / "checkpoint.npz", history.append)
    seen = np.concatenate([targets.numpy() for _, targets in loop._batches(0)])
    assert bool(np.mean(seen == 255) > 0.02) is void
    assert set(np.unique(seen)) == ({0, 1, 255} if void else {0, 1})
    loop.run()
    assert np.isfinite(history[0]["loss"])
    assert history[0]["mean_iou"] >= 0
