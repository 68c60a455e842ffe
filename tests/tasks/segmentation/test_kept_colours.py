"""Masks that are added to a commit mean what the commit's masks mean, or are refused."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.errors import DataError
from pylib.store.local import LocalStore
from pylib.tasks.segmentation.kept_colours import contradiction, to_keep, unambiguous
from pylib.tasks.segmentation.mask_files import read_pixels
from pylib.tasks.segmentation.meaning import choose
from pylib.tasks.segmentation.readings import MaskFile
from tests.data.made import Folder, noise
from tests.tasks.segmentation.test_meaning import COLOURS, GIVEN, PLAIN, coloured, drawn, palette, saved

OTHER = [0, 2, 1]  # the order of a palette in which two classes are exchanged


class Branch:
    """A repository to which one set after the other is added."""

    def __init__(self, root: Path) -> None:
        self.root, self.store, self.count = root, LocalStore(root / "store"), 0

    def add(self, classes: str, *masks: bytes) -> None:
        """Commit masks, each of `drawn` with its own number from where the last set ended."""
        folder = Folder(self.root / f"set{self.count}")
        if classes:
            (folder.root / "classes.yaml").write_text(classes)
        for number, mask in enumerate(masks, start=self.count):
            folder.image(f"x{number}.png", saved(Image.fromarray(noise(number))))
            folder.mask(f"x{number}.png", mask)
        self.result = ingest(
            str(folder.root), self.store, "set", Options(add=True), cache=self.root / "cache"
        )
        self.count += len(masks)

    def wrong(self) -> list[str]:
        """The items whose mask in the head commit is not what was drawn."""
        ids = {item.id: self._mask(f"masks/{item.id}.png") for item in self.result.index.items}
        assert len(ids) == self.count
        return [item for item, mask in ids.items() if not np.array_equal(mask, drawn(int(item[1:])))]

    def _mask(self, path: str) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(self.store.read(self.result.commit.ref, path))))


@pytest.fixture
def branch(tmp_path: Path) -> Branch:
    """One that holds palette masks, read by their index."""
    made = Branch(tmp_path)
    made.add(PLAIN, *(palette(drawn(number), [0, 1, 2]) for number in range(4)))
    return made


def test_a_commit_keeps_the_colours_of_its_palettes(branch: Branch) -> None:
    assert branch.result.index.colours == {0: ["#000000"], 1: ["#400000"], 2: ["#c08080"]}
    assert branch.wrong() == []


def test_a_commit_of_grey_masks_is_written_as_ever(tmp_path: Path) -> None:
    branch = Branch(tmp_path)
    branch.add(PLAIN, *(saved(Image.fromarray(drawn(number))) for number in range(4)))
    assert branch.result.index.colours == {}
    assert b"colours" not in branch.store.read(branch.result.commit.ref, "dataset.json")


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_an_exchanged_palette_is_read_by_the_colours_of_the_commit(branch: Branch, kind: str) -> None:
    branch.add("", *(palette(drawn(number), OTHER, kind) for number in range(4, 8)))
    assert branch.wrong() == []
    assert any("as in the commit" in said for said in branch.result.assumed)


def test_so_are_masks_in_colours(branch: Branch) -> None:
    branch.add("", *(saved(coloured(drawn(number))) for number in range(4, 8)))
    assert branch.wrong() == []


def test_colours_that_were_given_hold_for_what_is_added_without_them(tmp_path: Path) -> None:
    branch = Branch(tmp_path)
    branch.add(GIVEN, *(saved(coloured(drawn(number))) for number in range(4)))
    branch.add("", *(palette(drawn(number), OTHER) for number in range(4, 8)))
    branch.add("", *(saved(Image.fromarray(drawn(number))) for number in range(8, 12)))
    assert branch.wrong() == []


def test_colours_of_another_kind_are_refused_with_both(branch: Branch) -> None:
    image = Image.fromarray(drawn(4))
    image.putpalette([0, 0, 0, 9, 9, 200, 9, 200, 9])
    with pytest.raises(DataError, match=r"index 1 is #0909c8 in masks/x4.png and #400000 in the commit that"):
        branch.add("", saved(image))
    assert branch.wrong() == []  # nothing was committed


def test_and_read_where_classes_get_those_colours(branch: Branch) -> None:
    image = Image.fromarray(drawn(4))
    image.putpalette([0, 0, 0, 9, 9, 200, 9, 200, 9])
    given = "{0: {name: a, color: black}, 1: {name: b, color: '#0909c8'}, 2: {name: c, color: '#09c809'}}"
    branch.add(given, saved(image))
    assert branch.wrong() == []
    assert branch.result.index.colours[1] == ["#0909c8", "#400000"]


def test_a_colour_that_has_stood_for_two_classes_tells_neither(branch: Branch) -> None:
    """Once it was given otherwise, only what gives colours can be added."""
    swapped = GIVEN.replace("#400000", "#c08080").replace("[192, 128, 128]", "'#400000'")
    branch.add(swapped, palette(np.array([0, 2, 1], np.uint8)[drawn(4)], [0, 1, 2]))
    assert branch.wrong() == []
    assert unambiguous({1: [COLOURS[1], COLOURS[2]], 2: [COLOURS[1]]}) == {COLOURS[2]: 1}
    with pytest.raises(DataError, match="give each class its color"):
        branch.add("", palette(drawn(5), OTHER))


@settings(deadline=None, max_examples=60)
@given(
    st.permutations([0, 1, 2]), st.permutations([0, 1, 2]), st.sets(st.integers(0, 2), min_size=2), st.data()
)
def test_what_is_added_never_changes_the_class_of_a_colour(
    first: list[int], second: list[int], used: set[int], data: st.DataObject
) -> None:
    """Whatever the first set says of a colour, pixels of that colour in the second are the same class."""
    before, now = (
        MaskFile(str(order), read_pixels(palette(np.array([sorted(there)], np.uint8), order)).summary)
        for order, there in ((first, {0, 1, 2}), (second, used))
    )
    classes = dict(enumerate("abc"))
    kept = to_keep([before], choose([before], classes, {}), {}, {})
    assume(all(len(colours) == 1 for colours in kept.values()))
    ids = {value.seen: value.own[0] for value in before.values.values.values()}
    reading = choose([now], classes, {}, kept)["palette"]
    values = now.values.values.values()
    assert {reading.id_of(value) for value in values} == {ids[value.seen] for value in values}
    agree = all(first.index(one) == second.index(one) for one in used)
    assert (contradiction([now], kept) is None) == agree


def test_one_bit_in_a_palette_and_without_one_must_show_the_same(tmp_path: Path) -> None:
    """White is 1 where there is no palette; a palette whose 0 is white says the contrary."""
    branch, one_bit = Branch(tmp_path), np.minimum(drawn(0), 1)
    inverted = Image.fromarray(one_bit)
    inverted.putpalette([255, 255, 255, 0, 0, 0])
    grey = Image.fromarray(one_bit * 255).convert("1")
    with pytest.raises(DataError, match=r"x1.png shows 0 white or 1 black, and in masks/x0.png, of one bit"):
        branch.add("{0: a, 1: b}", saved(grey), saved(inverted))
