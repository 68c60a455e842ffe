"""Splits that a source gives: by folders, lists and tables: taken, completed from train, and searched."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.dataset import SPLITS, DatasetIndex
from pylib.data.ingest import IngestResult, ingest
from pylib.data.plan import Options, plan_ingest
from pylib.data.split import assign_beside, split_of
from pylib.errors import DataError
from pylib.store.local import LocalStore
from tests.data.made import Folder, encode, noise, rings

Plant = Callable[[Folder], object]
VALIDATION = [f"item_{number:02}" for number in range(10)]
TEST = [f"item_{number:02}" for number in range(10, 16)]


@pytest.fixture
def run(good: Folder, tmp_path: Path) -> Callable[..., IngestResult]:
    store = LocalStore(tmp_path / "store")
    return lambda **options: ingest(
        str(good.root), store, "pairs", Options(**options), cache=tmp_path, report=tmp_path / "report"
    )


def of(name: str) -> str:
    return "val" if name in VALIDATION else "test" if name in TEST else "train"


def nested(good: Folder, pattern: str) -> None:
    for path in [*good.root.glob("*/item_*")]:
        target = good.root / pattern.format(split=of(path.stem), kind=path.parent.name) / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    for name in ("images", "masks"):
        if not any((good.root / name).iterdir()):
            (good.root / name).rmdir()


def lists(good: Folder, folder: str, line: str) -> None:
    (good.root / folder).mkdir(parents=True, exist_ok=True)
    for split in ("train", "val", "test"):
        names = [f"item_{number:02}" for number in range(40) if of(f"item_{number:02}") == split]
        (good.root / folder / f"{split}.txt").write_text("".join(line.format(name) + "\n" for name in names))


def table(good: Folder, header: str, row: str, encoding: str = "utf-8") -> None:
    names = [f"item_{number:02}" for number in range(40)]
    rows = [row.format(name=name, split=of(name)) for name in names]
    (good.root / "splits.csv").write_text("\n".join([header, *rows, ""]), encoding=encoding)


GIVEN: dict[str, Plant] = {
    "train/images": lambda good: nested(good, "{split}/{kind}"),
    "images/train": lambda good: nested(good, "{kind}/{split}"),
    "train_images": lambda good: nested(good, "{split}_{kind}"),
    "masks-val": lambda good: nested(good, "{kind}-{split}"),
    "below a wrapping folder": lambda good: nested(good, "my set/{split}/{kind}"),
    "lists of ids": lambda good: lists(good, "", "{}"),
    "VOC's lists": lambda good: lists(good, "ImageSets/Segmentation", "{}"),
    "lists of images and masks": lambda good: lists(good, "splits", "data/images/{0}.jpg data/masks/{0}.png"),
    "lists of Windows": lambda good: lists(good, "", "images\\{}.jpg\r"),
    "a table": lambda good: table(good, "path,split", "images/{name}.jpg,{split}"),
    "a table of a spreadsheet": lambda good: table(good, "ID;Subset", "{name};{split}", "utf-8-sig"),
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_given_split_is_taken_and_what_is_missing_is_cut_from_train(
    good: Folder, tmp_path: Path, case: str
) -> None:
    GIVEN[case](good)
    with plan_ingest(str(good.root), None, Options(strict=True), cache=tmp_path) as plan:
        plan.check()
        found = {item.id.rpartition("/")[2]: item for item in plan.index.items}
        assert len(found) == 40
        assert {name for name, item in found.items() if item.split == "validation"} == {*VALIDATION}
        assert {name for name, item in found.items() if item.split == "test"} == {*TEST}
        assert {item.split for item in found.values() if item.given} == {"train", "validation", "test"}
        cut = {item.id for item in found.values() if item.split == "calibration"}
        rest = [item.id for name, item in found.items() if of(name) == "train"]
        assert not any(item.given for item in found.values() if item.id in cut)
        assert cut == {item for item in rest if split_of(item) == "calibration"}
        assert any(sentence.startswith("the split is given by") for sentence in plan.assumed)


def test_two_files_of_one_name_are_two_images(tmp_path: Path) -> None:
    for split, seed in (("train", 0), ("val", 50)):
        folder = Folder(tmp_path / "set" / split)
        for number in range(12):
            folder.put(f"{number}", seed=seed + number)
    with plan_ingest(str(tmp_path / "set"), None, Options(strict=True), cache=tmp_path) as plan:
        plan.check()
        assert len(plan.index.items) == 24
        assert {item.image.split("/")[1] for item in plan.index.split("validation")} == {"val"}


def test_what_given_splits_share_is_named_kept_and_refused_by_strict(good: Folder, tmp_path: Path) -> None:
    good.put("item_00", seed=30)  # in validation, the bytes of a train image
    good.put("item_10", image=encode(noise(31), quality=60))  # in test, looks like another
    table(good, "path,split", "{name},{split}")
    with plan_ingest(str(good.root), None, Options(strict=True), cache=tmp_path) as plan:
        leaks = {(one.item, *one.related) for one in plan.findings if one.code == "split-leak"}
        assert leaks == {("item_00", "item_30"), ("item_10", "item_31")}
        assert len(plan.index.items) == 40
        assert not plan.rejected
        with pytest.raises(
            DataError, match="0 rejected, 2 at risk, and strict: item_00: in validation, looks"
        ):
            plan.check()


def test_a_group_in_two_given_splits_is_named(good: Folder, tmp_path: Path) -> None:
    table(good, "path,split", "{name},{split}")
    with plan_ingest(str(good.root), None, Options(group=r"_(\d)\d$"), cache=tmp_path) as plan:
        assert [one.item for one in plan.findings if one.code == "split-leak"] == ["1"]
        assert {item.split for item in plan.index.items if item.group == "0"} == {"validation"}


def test_a_given_split_never_moves(good: Folder, run: Callable[..., IngestResult]) -> None:
    nested(good, "{split}/{kind}")
    before = {item.id: item.split for item in run().index.items}
    for number in range(60, 90):
        path = good.root / "train/images" / f"new_{number}.jpg"
        path.write_bytes(encode(noise(number)))
        (good.root / "train/masks" / f"new_{number}.png").write_bytes(encode(rings(), "PNG"))
    result = run()
    after = {item.id: item.split for item in result.index.items}
    assert {item: after[item] for item in before} == before
    assert {after[item] for item in after.keys() - before.keys()} == {"train", "calibration"}
    shutil.rmtree(good.root / "test")
    assert {item.id: item.split for item in run(add=True).index.items} == after


def test_what_is_added_without_a_split_does_not_enter_a_given_one(
    good: Folder, run: Callable[..., IngestResult]
) -> None:
    table(good, "path,split", "{name},{split}")
    run()
    for path in [*good.root.rglob("item_*"), good.root / "splits.csv"]:
        path.unlink()
    for number in range(60, 90):
        good.put(f"new_{number}", seed=number)
    result = run(add=True)
    assert {item.split for item in result.index.items if not item.given} == {"train", "calibration"}
    assert DatasetIndex.loads(result.index.dumps()) == result.index


def test_a_split_that_is_given_too_late_is_a_risk(good: Folder, run: Callable[..., IngestResult]) -> None:
    before = {item.id: item.split for item in run().index.items}
    table(good, "path,split", "{name},{split}")
    result = run()
    assert {item.id: item.split for item in result.index.items} == before
    late = {one.item for one in result.findings if one.code == "split-kept"}
    assert late == {
        item
        for item, kept in before.items()
        if {"val": "validation"}.get(of(item), of(item)) != kept
        and (of(item), kept) != ("train", "calibration")
    }
    with pytest.raises(DataError, match="at risk, and strict"):
        run(strict=True)


def test_an_index_without_given_splits_is_written_as_before(run: Callable[..., IngestResult]) -> None:
    assert all("given" not in item for item in json.loads(run().index.dumps())["items"])


BAD: dict[str, tuple[Plant, str]] = {
    "a word that is no split": (
        lambda good: table(good, "path,split", "{name},{split}x"),
        "splits.csv, line 2: 'valx' is no split; write train",
    ),
    "a table without names": (lambda good: table(good, "what,split", "{name},{split}"), "none for the image"),
    "one image in two lists": (
        lambda good: (lists(good, "", "{}"), (good.root / "test.txt").write_text("item_00\n")),
        r"item_00 is in test \(test.txt\) and validation \(val.txt\)",
    ),
    "a list against the folders": (
        lambda good: (nested(good, "{kind}/{split}"), (good.root / "test.txt").write_text("val/item_00\n")),
        "val/item_00 lies in validation, and test.txt says test",
    ),
    "a table that is no text": (
        lambda good: (good.root / "splits.csv").write_bytes(b"path,split\n\xe9,test\n"),
        "as UTF-8",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_split_that_contradicts_itself_is_one_line(good: Folder, tmp_path: Path, case: str) -> None:
    plant, message = BAD[case]
    plant(good)
    with (
        pytest.raises(DataError, match=message),
        plan_ingest(str(good.root), None, Options(), cache=tmp_path),
    ):
        pytest.fail("it was read")


def test_a_table_of_something_else_is_passed_over(good: Folder, tmp_path: Path) -> None:
    (good.root / "prices.csv").write_bytes("stück;preis\n1;2\n".encode("latin-1"))
    with plan_ingest(str(good.root), None, Options(strict=True), cache=tmp_path) as plan:
        plan.check()
        assert [one.item for one in plan.findings] == ["*.csv"]
        assert not any(item.given for item in plan.index.items)


def test_names_of_no_image_are_noted(good: Folder, tmp_path: Path) -> None:
    (good.root / "val.txt").write_text("item_00\nnobody\n")
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        assert [one.reason for one in plan.findings] == ["1 of no image here: nobody"]
        assert [item.id for item in plan.index.split("validation")] == ["item_00"]


@given(
    st.dictionaries(st.integers(0, 30).map(str), st.sampled_from([*SPLITS, None]), min_size=1),
    st.lists(st.tuples(st.integers(0, 30).map(str), st.integers(0, 30).map(str)), max_size=10),
)
def test_given_items_stay_and_free_ones_share_a_split(splits: dict, near: list) -> None:
    fixed = {item: split for item, split in splits.items() if split}
    near = [(one, other) for one, other in near if one in splits and other in splits]
    result = assign_beside(fixed, dict.fromkeys(splits), near, {}, {})
    assert result.splits.keys() == splits.keys()
    assert all(result.splits[item] == split for item, split in fixed.items() if split != "train")
    free = {item for item in splits if fixed.get(item, "train") == "train"}
    assert not {result.splits[item] for item in free} & ({*fixed.values()} - {"train"})
    assert all(result.splits[a] == result.splits[b] for a, b in near if a in free and b in free)
