import json
import re
from pathlib import Path

import pytest

from pylib.data.dataset import SPLITS, DatasetIndex
from pylib.data.ingest import IngestResult, ingest, read_parent
from pylib.data.plan import Options
from pylib.data.report import Report
from pylib.data.split import split_of
from pylib.errors import ConfigurationError, DataError, StoreError
from pylib.provenance.digests import manifest
from pylib.store.local import LocalStore


@pytest.fixture
def run(good, tmp_path: Path):
    """Ingest the good folder (as it is by then) into one store."""
    store = LocalStore(tmp_path / "store")

    def run(source: str | None = None, **options: object) -> IngestResult:
        return ingest(
            source or str(good.root),
            store,
            "pairs",
            Options(**options),
            cache=tmp_path / "cache",
            report=tmp_path / "report",
        )

    run.store = store
    return run


def splits(result: IngestResult) -> dict[str, str]:
    return {item.id: item.split for item in result.index.items}


def test_a_commit_holds_the_index_and_the_bytes_that_it_names(good, run, tmp_path: Path) -> None:
    result = run()
    run.store.checkout(result.commit, tmp_path / "out")
    files = manifest(tmp_path / "out")
    index = DatasetIndex.read(tmp_path / "out")
    assert index == result.index
    assert len(index.items) == 40
    assert files.keys() == {"dataset.json", *(path for item in index.items for path in item.files)}
    assert all(files[item.image] == item.image_sha256 for item in index.items)
    assert all(files[item.target.file] == item.target.sha256 for item in index.items)
    assert result.new
    assert result.commit.description == f"ingest {good.root.as_uri()}"


def test_the_same_content_gives_the_same_commit(good, run) -> None:
    first, again = run(), run()
    assert again.commit.id == first.commit.id
    assert (first.new, again.new) == (True, False)
    assert len(run.store.log("pairs")) == 1


def test_an_addition_of_which_nothing_is_usable_is_no_commit(good, run) -> None:
    first = run()
    assert run(add=True).commit.id == first.commit.id  # the same content again
    for path in [*good.root.rglob("item_*")]:
        path.unlink()
    good.put("x", 99, image=b"junk")
    with pytest.raises(DataError, match=r"no usable item .x: not an image"):
        run(add=True)
    assert len(run.store.log("pairs")) == 1


@pytest.mark.parametrize("add", [False, True])
def test_more_images_never_move_the_old_ones(good, run, add: bool) -> None:
    before = splits(run())
    for number in range(40, 80):
        good.put(f"new_{number}", seed=number)
    if add:
        for path in [*good.root.rglob("item_*")]:
            path.unlink()
    result = run(add=add)
    after = splits(result)
    assert len(after) == 80
    assert {item: after[item] for item in before} == before
    assert set(after.values()) == set(SPLITS)
    assert run.store.read(result.commit, "images/item_07.jpg")
    assert run(add=add).commit.id == result.commit.id


def test_near_duplicates_join_the_split_of_the_old_one(good, make, run) -> None:
    before = splits(run())
    for item in before:
        number = int(item.removeprefix("item_"))
        good.put(f"copy_{number}", image=make.encode(make.noise(number), quality=60))
    after = splits(run())
    assert all(after[f"copy_{int(item.removeprefix('item_'))}"] == split for item, split in before.items())


def test_groups_stay_together_and_the_pattern_is_remembered(good, run) -> None:
    pattern = r"_(\d)\d$"
    first = run(group=pattern)
    assert first.index.group_pattern == pattern
    for number in range(40):
        good.put(f"more_{number:02}", seed=100 + number)
    result = run(add=True)
    by_group: dict[str | None, set[str]] = {}
    for item in result.index.items:
        by_group.setdefault(item.group, set()).add(item.split)
    assert by_group.keys() == {"0", "1", "2", "3"}
    assert all(len(found) == 1 for found in by_group.values())
    assert run(group="").index.group_pattern is None


def test_adding_respects_what_the_parent_holds(good, make, run) -> None:
    run()
    for path in good.root.rglob("item_*"):
        path.unlink()
    other = make.rings()
    other[0, 0] = 1
    good.put("item_00", seed=0)  # the same again
    good.put("item_01", seed=500)  # another picture of a known name
    good.put("ITEM_02", seed=501)
    good.put("copy", seed=3)
    good.put("liar", seed=4, mask=make.encode(other, "PNG"))
    result = run(add=True)
    assert {finding.item: finding.code for finding in result.findings} == {
        "item_01": "id-taken",
        "ITEM_02": "id-case",
        "copy": "duplicate",
        "liar": "duplicate-contradictory",
    }
    assert len(result.index.items) == 40
    assert not result.new


def test_without_add_the_commit_is_the_source_and_says_what_is_gone_or_changed(good, run) -> None:
    before = splits(run())
    (good.root / "images/item_05.jpg").unlink()
    (good.root / "masks/item_05.png").unlink()
    good.put("item_06", seed=600)
    result = run()
    assert {finding.item: finding.code for finding in result.findings} == {
        "item_06": "item-replaced",
        "pairs": "item-removed",
    }
    del before["item_05"]
    assert splits(result) == before


def test_a_new_image_between_two_splits_is_rejected(good, make, run) -> None:
    train, test = (
        next(f"g{n}" for n in range(99) if split_of(f"g{n}") == split) for split in ("train", "test")
    )
    good.put(f"{train}_a", seed=100)
    good.put(f"{test}_a", seed=101)
    before = splits(run(group="^(g[0-9]+)_"))
    good.put(
        f"{test}_b", image=make.encode(make.noise(100), quality=60)
    )  # in one group, but looks like the other
    result = run()
    assert [(finding.item, finding.code) for finding in result.findings if finding.rejected] == [
        (f"{test}_b", "split-bridged")
    ]
    assert splits(result) == before


def test_other_classes_than_the_parents_cannot_be_added(good, run) -> None:
    run()
    with pytest.raises(ConfigurationError, match="what is added must have the same"):
        run(add=True, classes={1: "cat", 2: "background", 3: "border"})


def test_strict_commits_nothing_but_reports(good, run, tmp_path: Path) -> None:
    good.put("bad", image=b"hello")
    with pytest.raises(DataError, match="1 rejected, and strict: bad: not an image"):
        run(strict=True)
    assert read_parent(run.store, "pairs", "master") == (None, None)
    report = Report.model_validate_json((tmp_path / "report" / "report.json").read_bytes())
    assert [(finding.item, finding.code) for finding in report.findings] == [("bad", "image-unreadable")]
    assert run().commit


def test_the_report_counts_what_the_commit_holds(good, make, run, tmp_path: Path) -> None:
    good.put("<script>alert(1)", 99)
    good.put("copy", 3)
    result = run()
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["images"] == {"read": 41, "kept": 40, "rejected": 2, "total": 40}
    assert sum(report["splits"].values()) == 40
    assert sum(report["class_shares"].values()) == pytest.approx(1)
    assert report["class_shares"]["object"] == pytest.approx((16 * 24) / (40 * 48))
    assert report["sides"] == [[40, 40, 40]]
    page = (tmp_path / "report" / "report.html").read_text()
    assert "&lt;script&gt;alert" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert page.count("data:image/jpeg") >= 24 + 1
    assert result.index.items


def test_the_sample_reaches_every_split_without_a_finding(run) -> None:
    result = run("sample")
    assert result.findings == []
    assert len(result.index.items) == 400
    assert all(len(result.index.split(split)) >= 30 for split in SPLITS)


def test_a_damaged_store_is_an_error_and_not_a_first_commit(run) -> None:
    run()
    assert read_parent(run.store, "pairs", "other") == (None, None)
    (run.store.root / "catalogue.sqlite").write_bytes(b"damaged" * 1000)
    with pytest.raises(StoreError):
        read_parent(run.store, "pairs", "master")
