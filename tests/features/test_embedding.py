"""What the map of a data commit is of: a run's own features, else those that a run then finds; or pixels."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from components.features import features as step
from pylib.data import explore
from pylib.data.explore import Explored
from pylib.data.plan import Options
from pylib.data.shard_writer import write_shards
from pylib.features.embedding import Embedding, embedding
from pylib.features.extract import extract
from pylib.features.segments import Rows, decode, encode
from pylib.features.table import LEARNING_SPLITS, read_features
from pylib.steps.ingest import ingest
from pylib.store.local import LocalStore
from pylib.tasks.classification.features import Config, build
from pylib.tasks.task import find

SIZE = 32


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the built-in samples, small."""
    folder = tmp_path_factory.mktemp("embedding")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for task in ("classification", "segmentation"):
            find(task).sample.make_sample(folder / task, count=40, size=SIZE)
            places = {"cache": folder / "cache", "report": folder / task / "report"}
            ingest(str(folder / task), LocalStore(folder / "store"), task, Options(task=task), **places)
    return folder / "store"


def checked_out(stored: Path, task: str, folder: Path) -> tuple[Explored, np.ndarray]:
    data = explore.check_out(f"{task}@master", stored.as_uri(), folder / "explore")
    return data, explore.thumbnails(data)


def ran(data: Explored, folder: Path, weights: Path | str, artifacts: str) -> tuple[np.ndarray, int]:
    """What a run makes of the same commit: features in the order of its splits, how many it computed."""
    size = find("classification").records.natural_size(data.index)
    write_shards(data.folder, folder / "shards", image_size=size)
    _, computed = extract(folder / "shards", folder / "features", Config(), weights, artifacts=artifacts)
    return np.concatenate([read_features(folder / "features", each)[0] for each in LEARNING_SPLITS]), computed


def without_test(data: Explored) -> set[str]:
    return {item.id for item in data.index.items if item.split != "test"}


def ids(data: Explored, found: Embedding) -> list[str]:
    return [data.index.items[place].id for place in found.places]


@pytest.mark.slow
def test_what_is_not_there_is_computed_once_and_the_run_finds_it(stored: Path, tmp_path: Path) -> None:
    data, pictures = checked_out(stored, "classification", tmp_path)
    artifacts = (tmp_path / "artifacts").as_uri()
    first = embedding(data, pictures, artifacts)
    count = len(without_test(data))
    assert f"{count} of {count} computed now: mobilenet_v2 0.35, 32 pixels, random weights" in first.said
    assert "random weights tell little" in first.said
    assert set(ids(data, first)) == without_test(data)
    rows, computed = ran(data, tmp_path / "run", "none", artifacts)
    assert computed == 0
    assert (first.vectors == rows).all()
    again = embedding(data, pictures, artifacts)
    assert "a map of features that a run kept: mobilenet_v2" in again.said
    assert (again.vectors == first.vectors).all()
    assert again.places == first.places


@pytest.mark.slow
def test_pretrained_weights_of_a_run_come_before_random_ones(stored: Path, tmp_path: Path) -> None:
    data, pictures = checked_out(stored, "classification", tmp_path)
    artifacts = (tmp_path / "artifacts").as_uri()
    network = build(Config(), SIZE, None).get_layer("mobilenet_v2")
    for variable in network.weights:
        variable.assign(np.asarray(variable) * 2)
    network.save_weights(tmp_path / "two.weights.h5")
    rows, _ = ran(data, tmp_path / "pretrained", tmp_path / "two.weights.h5", artifacts)
    ran(data, tmp_path / "random", "none", artifacts)
    found = embedding(data, pictures, artifacts)
    assert "32 pixels, weights " in found.said
    assert "random" not in found.said
    assert (found.vectors == rows).all()
    (table,) = (each for each in (tmp_path / "artifacts/features").iterdir() if pretrained(each))
    (segment,) = table.glob("*.npy")
    name, content = encode(all_but_one(decode(segment.name, segment.read_bytes(), rows.shape[1])))
    segment.unlink()
    (table / name).write_bytes(content)
    assert (
        "features that a run kept: mobilenet_v2 0.35, 32 pixels, random"
        in embedding(data, pictures, artifacts).said
    )


def all_but_one(rows: Rows | None) -> Rows:
    """As where a run knew the data before an image was added."""
    assert rows
    return dict(list(rows.items())[:-1])


def pretrained(table: Path) -> bool:
    return json.loads((table / "table.json").read_text())["weights"] is not None


def test_a_task_without_features_is_shown_by_its_pixels_and_says_so(stored: Path, tmp_path: Path) -> None:
    data, pictures = checked_out(stored, "segmentation", tmp_path)
    found = embedding(data, pictures, (tmp_path / "artifacts").as_uri())
    assert (
        found.said == "a map of pixels: task segmentation: it has no features of whole images to learn from"
    )
    assert found.places == list(range(len(data.index.items)))
    assert (found.vectors == explore.pixels(pictures)).all()
    assert not (tmp_path / "artifacts").exists()


def test_what_is_computed_is_the_pipelines_default() -> None:
    given = inspect.signature(step.python_func).parameters
    assert given["weights"].default == "none"
    assert Config() == Config(backbone=given["backbone"].default, alpha=given["alpha"].default)
