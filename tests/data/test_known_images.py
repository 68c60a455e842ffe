"""A known image keeps its split for ever, whatever its file is called and wherever it is moved."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.assemble import Parent, assemble
from pylib.data.checks import CheckedSample, CheckedTarget
from pylib.data.dataset import DatasetIndex, Item, LabelTarget
from pylib.data.ingest import ingest
from pylib.data.known_images import known_splits
from pylib.data.plan import Options
from pylib.store.local import LocalStore
from pylib.tasks.task import find
from tests.data.made import encode, noise

ALIKE = ["0" * 16, "f" * 16, "0f" * 8, "f0" * 8, "00ff" * 4, "0000ffff" * 2]
"""Perceptual hashes, each of images that look alike and like none of another one's."""

ids = st.text("abcdef", min_size=2, max_size=3)


def digest(image: int | str) -> str:
    return hashlib.sha256(str(image).encode()).hexdigest()


def sample(item: str, image: int, alike: str, label: int) -> CheckedSample:
    target = CheckedTarget(LabelTarget(label=label), str(label), {label: 1})
    return CheckedSample(item, Path(item), "png", digest(image), 32, 32, alike, target)


def index_of(samples: list[CheckedSample], group: str | None, parent: DatasetIndex | None = None):
    before = Parent(parent, lambda path: path.encode()) if parent else None
    legend = {0: "cat", 1: "dog"}
    task = find("classification")
    return assemble(samples, legend, task=task, name="pets", group=group, parent=before).index


@st.composite
def renamings(draw: st.DrawFn):
    """Images by number, each with what it looks like, and their ids and labels before and after."""
    before = draw(st.lists(ids, unique=True, min_size=1, max_size=30))
    after = draw(st.permutations(before)) if draw(st.booleans()) else []
    count = len(before)
    after = after or draw(st.lists(ids, unique=True, min_size=count, max_size=count))
    hashes = draw(st.lists(st.sampled_from(ALIKE), min_size=count, max_size=count))
    label = st.lists(st.integers(0, 1), min_size=count, max_size=count)
    return [list(zip(names, range(count), hashes, draw(label), strict=True)) for names in (before, after)]


@given(renamings(), st.sampled_from([None, "^(.)", "(.)$"]), st.data())
def test_after_any_renaming_each_image_has_the_split_that_it_had(renaming, group, data) -> None:
    before, after = ([sample(*each) for each in side] for side in renaming)
    first = index_of(before, group)
    left = data.draw(st.lists(st.sampled_from(after), unique_by=lambda one: one.id, min_size=1))
    then = index_of(left, group, first)
    splits = {item.image_sha256: item.split for item in first.items}
    assert {item.image_sha256: item.split for item in then.items} == {
        one.image_sha256: splits[one.image_sha256] for one in left
    }


@given(renamings(), st.sampled_from([None, "^(.)"]), st.integers(1, 9))
def test_what_is_new_beside_renamed_images_moves_none_of_them(renaming, group, count) -> None:
    before, after = ([sample(*each) for each in side] for side in renaming)
    first = index_of(before, group)
    new = [sample(f"new{number}", 1000 + number, ALIKE[number % 6], 0) for number in range(count)]
    then = {item.image_sha256: item.split for item in index_of([*after, *new], group, first).items}
    assert {one.image_sha256: one.split for one in first.items}.items() <= then.items()


def item(name: str, image: str, split: str) -> Item:
    return Item(
        id=name,
        image=f"images/{name}.png",
        image_sha256=digest(image),
        target=LabelTarget(label=0),
        width=32,
        height=32,
        phash="0" * 16,
        group=None,
        split=split,
    )


CASES: dict[str, tuple[str, str, str, str, str]] = {
    # the parent's id:image:split, id:image now, what sources give, what is settled, what is pinned
    "as it was": ("a:1:test", "a:1", "", "a:test", ""),
    "another image": ("a:1:test", "a:2", "", "", "a:test"),
    "renamed": ("a:1:test", "b:1", "", "b:test", ""),
    "two that change names": ("a:1:test b:2:train", "a:2 b:1", "", "a:train b:test", ""),
    "renamed, and another in its place": ("a:1:test", "a:2 b:1", "", "b:test", "a:test"),
    "a copy of what is there": ("a:1:test", "a:1 b:1", "", "a:test", ""),
    "one of two that were the same": ("a:1:test b:1:train", "c:1", "", "c:train", ""),
    "a new one": ("a:1:test", "b:2", "", "", ""),
    "renamed within train": ("a:1:calibration", "b:1", "b:train", "b:calibration", ""),
    "moved out of train": ("a:1:train", "b:1 c:3", "b:test c:train", "", ""),
    "moved into train": ("a:1:test", "b:1 c:3", "b:train c:test", "", ""),
    "given no longer": ("a:1:test", "b:1 c:3", "c:validation", "b:test", ""),
    "given, under its own id": ("a:1:train", "a:1", "a:test", "a:train", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_known_by_its_bytes(case: str) -> None:
    parent, now, given, settled, pinned = ([each.split(":") for each in text.split()] for text in CASES[case])
    old = {name: item(name, image, split) for name, image, split in parent}
    digests = {name: digest(image) for name, image in now}
    assert known_splits(digests, old, dict(given)) == (dict(settled), dict(pinned))


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_a_renamed_file_and_a_corrected_label_move_no_image(task: str, good, tmp_path: Path) -> None:
    root, store = tmp_path / "pets", LocalStore(tmp_path / "store")
    folder, masks = (root / "cat", None) if task == "classification" else (good.root / "images", "masks")
    for number in range(40 if task == "classification" else 0):
        path = root / ("cat", "dog")[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(number), "PNG"))

    def splits() -> dict[str, str]:
        result = ingest(str(folder.parent), store, "pets", Options(task=task), cache=tmp_path / "cache")
        return {item.image_sha256: item.split for item in result.index.items}

    before = splits()
    for number, path in enumerate(sorted(folder.iterdir())):
        new = folder.parent / "dog" if masks is None and number % 4 == 0 else folder
        path.rename(new / f"IMG_{path.name}")
        if masks:
            mask = folder.parent / masks / f"{path.stem}.png"
            mask.rename(mask.with_name(f"IMG_{mask.name}"))
    assert len(before) == 40
    assert splits() == before


def test_of_a_file_and_its_copy_under_another_name_the_one_that_was_known_stays(tmp_path: Path) -> None:
    first = index_of([sample("b", 1, ALIKE[0], 0), sample("c", 2, ALIKE[1], 1)], None)
    again = [sample(name, 1, ALIKE[0], 0) for name in ("a", "b")] + [sample("z", 2, ALIKE[1], 0)]
    then = index_of(again, None, first)
    splits = {one.id: one.split for one in first.items}
    assert {one.id: one.split for one in then.items} == {"b": splits["b"], "z": splits["c"]}
