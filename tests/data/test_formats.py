"""Commits of the former format: read, split alike, and followed by one of the new format at most once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.dataset import INDEX_FILE, SPLITS, DatasetIndex, Item, MaskTarget
from pylib.data.ingest import IngestResult, ingest
from pylib.data.plan import Options
from pylib.data.shard_writer import write_shards
from pylib.data.shards import ShardIndex
from pylib.errors import DataError
from pylib.provenance.digests import manifest
from pylib.store.local import LocalStore
from tests.data.format_1 import format_1
from tests.data.made import Folder


def run(good: Folder, store: LocalStore, tmp_path: Path, **options: object) -> IngestResult:
    return ingest(str(good.root), store, "pairs", Options(**options), cache=tmp_path / "cache")


@pytest.fixture
def old(good: Folder, tmp_path: Path) -> LocalStore:
    """A store whose one commit is of format 1, with the splits of two items as nobody would choose them."""
    made = LocalStore(tmp_path / "made")
    commit = run(good, made, tmp_path).commit
    index = DatasetIndex.loads(made.read(commit, INDEX_FILE))
    swapped = {"train": "test", "test": "train"}
    index = index.model_copy(
        update={
            "items": [
                item.model_copy(update={"split": swapped.get(item.split, item.split)}) for item in index.items
            ]
        }
    )
    files = {file.path: made.read(commit, file.path) for file in made.ls(commit)}
    store = LocalStore(tmp_path / "old")
    store.commit("pairs", files | {INDEX_FILE: format_1(index)})
    return store


@pytest.mark.parametrize("add", [False, True])
def test_the_same_content_gives_one_commit_of_the_new_format_at_most(
    old: LocalStore, good: Folder, tmp_path: Path, add: bool
) -> None:
    before = DatasetIndex.loads(old.read("pairs@master", INDEX_FILE))
    first, again = run(good, old, tmp_path, add=add), run(good, old, tmp_path, add=add)
    assert (first.new, again.new) == (True, False)
    assert len(old.log("pairs")) == 2
    assert first.index == before  # splits and all
    assert b'"format": 2' in old.read(first.commit, INDEX_FILE)
    assert first.findings == again.findings == []


def test_new_images_join_a_commit_of_the_former_format(old: LocalStore, good: Folder, tmp_path: Path) -> None:
    before = {item.id: item.split for item in DatasetIndex.loads(old.read("pairs@master", INDEX_FILE)).items}
    for path in [*good.root.rglob("item_*")]:
        path.unlink()
    good.put("copy", seed=3)
    good.put("new", seed=99)
    result = run(good, old, tmp_path, add=True)
    assert {finding.item: finding.code for finding in result.findings} == {"copy": "duplicate"}
    assert {item.id: item.split for item in result.index.items if item.id != "new"} == before


def test_shards_of_both_formats_are_the_same_bytes(old: LocalStore, good: Folder, tmp_path: Path) -> None:
    old.checkout("pairs@master", tmp_path / "of-1")
    old.checkout(run(good, old, tmp_path).commit, tmp_path / "of-2")
    write_shards(tmp_path / "of-1", tmp_path / "shards-1", image_size=32)
    write_shards(tmp_path / "of-2", tmp_path / "shards-2", image_size=32)
    assert manifest(tmp_path / "shards-1") == manifest(tmp_path / "shards-2")


SHA256 = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.text("abcé 01_", min_size=1, max_size=8)


@st.composite
def items(draw: st.DrawFn) -> Item:
    name = draw(NAMES)
    return Item(
        id=name,
        image=f"images/{name}.jpg",
        image_sha256=draw(SHA256),
        target=MaskTarget(file=f"masks/{name}.png", sha256=draw(SHA256)),
        width=draw(st.integers(1, 9999)),
        height=draw(st.integers(1, 9999)),
        phash=draw(st.text("0123456789abcdef", min_size=16, max_size=16)),
        group=draw(st.none() | NAMES),
        split=draw(st.sampled_from(SPLITS)),
    )


@given(
    st.lists(items(), unique_by=lambda item: item.id, max_size=5),
    st.dictionaries(st.integers(0, 255), NAMES, min_size=2).filter(
        lambda found: len({*found.values()}) == len(found)
    ),
    st.none() | NAMES,
)
def test_both_formats_say_the_same(found: list[Item], classes: dict[int, str], group: str | None) -> None:
    index = DatasetIndex(
        task="segmentation",
        name="pairs",
        group_pattern=group,
        classes=classes,
        items=sorted(found, key=lambda item: item.id),
    )
    assert DatasetIndex.loads(index.dumps()) == index
    assert DatasetIndex.loads(format_1(index)) == index


@pytest.mark.parametrize("content", ['{"format": 1}', '{"format": 1, "splits": {"train": 3}}'])
def test_an_index_of_the_former_format_without_its_splits_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(DataError, match="format 1, without all that it had") as caught:
        ShardIndex.read(tmp_path)
    assert "\n" not in str(caught.value)
