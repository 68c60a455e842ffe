import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pylib.data.dataset import SPLITS, DatasetIndex
from pylib.data.images import decode_image, decode_mask, resize_image
from pylib.data.plan import Options, plan_ingest
from pylib.data.shard_writer import write_shards
from pylib.data.shards import HEADER_BYTES, ShardIndex, load_split
from pylib.errors import DataError
from pylib.provenance.digests import manifest


@pytest.fixture
def dataset(good, tmp_path: Path) -> Path:
    """The good pairs as a data commit's folder."""
    target = tmp_path / "dataset"
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        for path, content in plan.files.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    return target


def test_shards_hold_every_item_resized_in_the_order_of_ids(dataset: Path, tmp_path: Path) -> None:
    index = write_shards(dataset, tmp_path / "shards", image_size=32, shard_items=10)
    assert index == ShardIndex.read(tmp_path / "shards")
    assert index.classes == ["object", "background", "border"]
    whole = DatasetIndex.read(dataset)
    for name in SPLITS:
        items = whole.split(name)
        images, masks = load_split(tmp_path / "shards", name)
        assert [item.id for item in index.splits[name].items] == [item.id for item in items]
        assert (images.shape, masks.shape) == ((len(items), 32, 32, 3), (len(items), 32, 32))
        for item, image, mask in zip(items, images, masks, strict=True):
            np.testing.assert_array_equal(
                image, resize_image(decode_image((dataset / item.image).read_bytes()), 32)
            )
            ids = decode_mask((dataset / item.target.file).read_bytes())
            assert set(np.unique(mask)) <= set(np.unique(ids) - 1)  # ids 1, 2, 3 are indices 0, 1, 2
            assert mask[16, 16] == 0
            assert mask[0, 0] == 1


def test_files_are_npy_with_a_header_of_128_bytes_and_the_same_each_time(
    dataset: Path, tmp_path: Path
) -> None:
    index = write_shards(dataset, tmp_path / "one", image_size=32, shard_items=10, workers=1)
    write_shards(dataset, tmp_path / "two", image_size=32, shard_items=10, workers=4)
    assert manifest(tmp_path / "one") == manifest(tmp_path / "two")
    shards = index.splits["train"].shards
    assert [shard.count for shard in shards[:-1]] == [10] * (len(shards) - 1)
    for shard in shards:
        data = (tmp_path / "one" / shard.inputs).read_bytes()
        records = np.frombuffer(data, np.uint8, offset=HEADER_BYTES).reshape(shard.count, 32, 32, 3)
        np.testing.assert_array_equal(records, np.load(tmp_path / "one" / shard.inputs))


def test_a_split_without_items_is_an_empty_array(dataset: Path, tmp_path: Path) -> None:
    index = DatasetIndex.read(dataset)
    trained = index.model_copy(update={"items": index.split("train")})
    (dataset / "dataset.json").write_bytes(trained.dumps())
    write_shards(dataset, tmp_path / "shards", image_size=32)
    images, masks = load_split(tmp_path / "shards", "test")
    assert (images.shape, masks.shape) == ((0, 32, 32, 3), (0, 32, 32))


def _edit(path: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


BAD = {
    "no index": (lambda root: (root / "dataset.json").unlink(), "dataset.json: No such file"),
    "no JSON": (lambda root: (root / "dataset.json").write_text("{"), "Invalid JSON"),
    "another format": (lambda root: _edit(root / "dataset.json", lambda c: c.update(format=3)), "format"),
    "a field too many": (lambda root: _edit(root / "dataset.json", lambda c: c.update(x=2)), "x: Extra"),
    "a path out of it": (
        lambda root: _edit(root / "dataset.json", lambda c: c["items"][0].update(image="/etc/passwd")),
        "items.0.image",
    ),
    "a path that leads out of it": (
        lambda root: _edit(root / "dataset.json", lambda c: c["items"][0].update(image="images/../../x")),
        "items.0.image: .*plain path below",
    ),
    "ids in disorder": (lambda root: _edit(root / "dataset.json", lambda c: c["items"].reverse()), "sorted"),
    "a missing image": (lambda root: (root / "images/item_03.jpg").unlink(), "item item_03: .*No such file"),
    "another mask": (
        lambda root: shutil.copy(root / "images/item_04.jpg", root / "masks/item_03.png"),
        "item item_03: .* does not match its SHA-256",
    ),
    "a class that no mask can hold": (
        lambda root: _edit(root / "dataset.json", lambda c: c["classes"].update({"256": "sky"})),
        "class 256: ids of masks are whole numbers from 0 to 255",
    ),
    "a missing class": (
        lambda root: _edit(root / "dataset.json", lambda c: c["classes"].pop("3")),
        "item item_00: its mask has an id that is no class",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_damaged_data_set_is_one_line_and_leaves_nothing(dataset: Path, tmp_path: Path, case: str) -> None:
    damage, message = BAD[case]
    damage(dataset)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(DataError, match=message) as caught:
        write_shards(dataset, tmp_path / "shards", image_size=32)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_shard_that_was_cut_short_says_so(dataset: Path, tmp_path: Path) -> None:
    index = write_shards(dataset, tmp_path / "shards", image_size=32)
    path = tmp_path / "shards" / index.splits["test"].shards[0].inputs
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="cannot be read"):
        load_split(tmp_path / "shards", "test")
