"""What a table says of images beside label and split goes with them into the commit and the shards."""

from pathlib import Path

import pytest

from pylib.data.ingest import ingest
from pylib.data.plan import Options, plan_ingest
from pylib.data.shard_writer import write_shards
from pylib.errors import DataError
from pylib.store.local import LocalStore
from pylib.store.protocol import CommitRef
from tests.data.made import Folder


def table(good: Folder, name: str = "meta.csv") -> None:
    rows = [
        f"item_{number:02}.jpg,{'old' if number < 9 else 'new'},{number * 1.5},one,note {number}"
        for number in range(39)
    ]
    (good.root / name).write_text("\n".join(["file,Camera,age,study,remark", *rows]) + "\n")


def test_columns_travel_with_the_items_to_the_shards(good: Folder, tmp_path: Path) -> None:
    table(good)
    store = LocalStore(tmp_path / "store")
    made = ingest(str(good.root), store, "pairs", Options(), cache=tmp_path, report=tmp_path / "report")
    store.checkout(CommitRef("pairs", made.commit.id), tmp_path / "data")
    index = write_shards(tmp_path / "data", tmp_path / "shards", image_size=32)
    said = {item.id: item.columns for split in index.splits.values() for item in split.items}
    assert said["item_08"] == {"camera": "old", "age": "12.0"}
    assert said["item_09"] == {"camera": "new", "age": "13.5"}
    assert said["item_39"] == {}


def test_a_number_that_is_missing_is_no_cell_and_among_words_it_is_one(good: Folder, tmp_path: Path) -> None:
    absent = {3: "", 4: "NA", 5: "nan", 6: "-"}
    rows = [f"item_{n:02}.jpg,{absent.get(n, n * 1.5)},{'none' if n < 9 else 'crack'}" for n in range(39)]
    (good.root / "meta.csv").write_text("\n".join(["file,age,defect", *rows]) + "\n")
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        said = {item.id: item.columns for item in plan.index.items}
    assert all(said[f"item_{n:02}"] == {"defect": "none"} for n in absent)
    assert said["item_07"] == {"age": "10.5", "defect": "none"}


def test_the_report_names_what_is_kept_and_names_are_not(good: Folder, tmp_path: Path) -> None:
    table(good)
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        assert "kept beside the images, to judge them by: age, camera" in plan.assumed
        assert all("remark" not in item.columns for item in plan.index.items)


def test_a_table_without_names_or_that_cannot_be_read_is_passed_over(good: Folder, tmp_path: Path) -> None:
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        plain = plan.index.dumps()
    (good.root / "prices.csv").write_text("sort,price\nx,1\ny,2\n")
    (good.root / "odd.csv").write_bytes(b"file,kind\n\xff\xfe,a\n")
    (good.root / "empty.csv").write_text("")
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        assert plan.index.dumps() == plain


def test_two_tables_that_differ_about_an_image_are_named(good: Folder, tmp_path: Path) -> None:
    table(good)
    (good.root / "more.csv").write_text("image,camera,age\nitem_08.jpg,old,12\nitem_09.jpg,old,13.50\n")
    said = r"^item_09: camera is 'new' \(meta.csv\) and 'old' \(more.csv\): make the tables agree, or leave"
    with (
        pytest.raises(DataError, match=said),
        plan_ingest(str(good.root), None, Options(), cache=tmp_path),
    ):
        pass


def test_tables_that_differ_in_what_is_not_kept_or_in_how_a_number_is_written_are_taken(
    good: Folder, tmp_path: Path
) -> None:
    table(good)
    (good.root / "more.csv").write_text("image,remark,age\nitem_08.jpg,another,12\nitem_09.jpg,none,13.50\n")
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        said = {item.id: item.columns for item in plan.index.items}
    assert said["item_09"] == {"camera": "new", "age": "13.5"}
