"""Masks that are added to a commit mean what the commit's masks mean, or are refused."""

import io
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.errors import DataError
from pylib.store.local import LocalStore
from pylib.tasks.segmentation.kept_colours import contradiction, unambiguous
from pylib.tasks.segmentation.mask_files import read_pixels
from pylib.tasks.segmentation.meaning import choose
from pylib.tasks.segmentation.readings import MaskFile, SourceMask
from tests.data.made import Folder, noise
from tests.tasks.segmentation.test_meaning import COLOURS, GIVEN, PLAIN, coloured, drawn, palette, saved

OTHER = [0, 2, 1]  # the order of a palette in which two classes are exchanged


class Branch:
    """A repository to which one set after the other is added."""

    def __init__(self, root: Path) -> None:
        self.root, self.store, self.count = root, LocalStore(root / "store"), 0

    def add(self, classes: str, *masks: bytes, asked: dict[int, str] | None = None) -> None:
        """Commit masks, each of `drawn` with its own number from where the last set ended."""
        folder = Folder(self.root / f"set{self.count}")
        if classes:
            (folder.root / "classes.yaml").write_text(classes)
        for number, mask in enumerate(masks, start=self.count):
            folder.image(f"x{number}.png", saved(Image.fromarray(noise(number))))
            folder.mask(f"x{number}.png", mask)
        self.result = ingest(
            str(folder.root), self.store, "set", Options(add=True, classes=asked), cache=self.root / "cache"
        )
        self.count += len(masks)

    def wrong(self, *, most: int = 2) -> list[str]:
        """The items whose mask in the head commit is not what was drawn, of ids up to `most`."""
        ids = {item.id: self._mask(f"masks/{item.id}.png") for item in self.result.index.items}
        assert len(ids) == self.count
        truth = {item: np.minimum(drawn(int(item[1:])), most) for item in ids}
        return [item for item, mask in ids.items() if not np.array_equal(mask, truth[item])]

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
    source = SourceMask(Path(), before.values, choose([before], classes, {})["palette"])
    kept = {number: sorted(colours) for number, colours in source.colours.items()}
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


LEVELS = "{0: {name: a, color: 0}, 1: {name: b, color: 128}, 2: {name: c, color: 255}}"


def levels(number: int) -> bytes:
    return saved(Image.fromarray(np.array([0, 128, 255], np.uint8)[drawn(number)]))


def binary(number: int, *, one: int = 1) -> np.ndarray:
    return np.minimum(drawn(number), 1) * np.uint8(one)


def one_bit(number: int, colours: list[int] | None = None) -> bytes:
    """Ids 0 and 1 of one bit: with a palette, or as black and white."""
    if colours is None:
        return saved(Image.fromarray(binary(number, one=255)).convert("1"))
    image = Image.fromarray(binary(number))
    image.putpalette(colours)
    return saved(image, bits=1)


def test_grey_levels_that_were_given_hold_for_what_is_added_without_them(tmp_path: Path) -> None:
    branch = Branch(tmp_path)
    branch.add(LEVELS, *map(levels, range(4)))
    branch.add("", *map(levels, range(4, 8)))
    assert branch.wrong() == []


def test_ids_that_were_given_in_another_order_too(tmp_path: Path) -> None:
    branch = Branch(tmp_path)
    swapped = "{0: {name: a, color: 0}, 1: {name: b, color: 2}, 2: {name: c, color: 1}}"
    order = np.array([0, 2, 1], np.uint8)
    branch.add(swapped, *(saved(Image.fromarray(order[drawn(number)])) for number in range(4)))
    branch.add("", *(saved(Image.fromarray(order[drawn(number)])) for number in range(4, 8)))
    assert branch.wrong() == []


@pytest.mark.parametrize("first", [0, 1])
def test_black_and_white_mean_the_same_with_and_without_a_palette(tmp_path: Path, first: int) -> None:
    """Of one bit, in either order: what is white in the commit is the same class in what is added."""
    branch = Branch(tmp_path)
    black_on_white = [255, 255, 255, 0, 0, 0]
    kinds = [partial(one_bit, colours=black_on_white), one_bit]
    branch.add("{0: a, 1: b}", *(kinds[first](number) for number in range(4)))
    inverted = Image.open(io.BytesIO(kinds[1 - first](4))).convert("L")
    branch.add("", kinds[1 - first](4))
    white = branch._mask("masks/x4.png")[np.asarray(inverted) == 255]
    assert set(white.tolist()) == {first}


def test_vocs_names_never_overrule_the_commit(tmp_path: Path) -> None:
    """Classes in another order than VOC's, drawn with VOC's palette: the index holds, and then the colour."""
    branch = Branch(tmp_path)
    names = "{0: background, 1: bicycle, 2: aeroplane}"
    vocs = [0, 0, 0, 128, 0, 0, 0, 128, 0]
    compacted = [0, 0, 0, 0, 128, 0]

    def drawn_with(number: int, levels: list[int]) -> bytes:
        image = Image.fromarray(drawn(number))
        if levels is compacted:  # 1 is lost, and 2 moves into its place
            image = Image.fromarray(np.array([0, 0, 1], np.uint8)[drawn(number)])
        image.putpalette(levels)
        return saved(image)

    branch.add(names, *(drawn_with(number, vocs) for number in range(4)))
    assert branch.wrong() == []
    branch.add("", drawn_with(4, compacted))
    assert set(np.unique(branch._mask("masks/x4.png")).tolist()) == {0, 2}
    with pytest.raises(DataError, match="palettes differ"):
        Branch(tmp_path / "other").add(names, drawn_with(0, vocs), drawn_with(1, compacted))


def test_a_colour_is_one_class_in_palettes_and_rgb_of_a_set(tmp_path: Path) -> None:
    branch = Branch(tmp_path)
    branch.add(PLAIN, palette(drawn(0), [0, 1, 2]), saved(coloured(drawn(1))))
    assert branch.wrong() == []


def test_255_beside_classes_is_never_silently_nothing(tmp_path: Path) -> None:
    """Two people draw: one 0 and 1, the other 0 and 255."""
    drawn_as = ((0, 1), (1, 255), (2, 255))
    ones, *whites = (saved(Image.fromarray(binary(number, one=one))) for number, one in drawn_as)
    with pytest.raises(DataError, match=r"x1.png holds 0 and 255 alone, masks/x0.png has classes and no 255"):
        Branch(tmp_path).add("{0: a, 1: b}", ones, *whites)
    branch = Branch(tmp_path / "other")
    branch.add("{0: a, 1: b, 255: ignore}", ones, *whites)
    assert branch.wrong(most=1) == ["x1", "x2"]  # as it was asked for


def test_classes_that_are_asked_for_never_overrule_the_sources_own_numbers(branch: Branch) -> None:
    with pytest.raises(DataError, match="b is 2 in the source's own list and 1 in the data set's"):
        branch.add("{0: a, 1: c, 2: b}", saved(Image.fromarray(drawn(4))), asked={0: "a", 1: "b", 2: "c"})


def test_nothing_of_a_rejected_mask_is_kept(branch: Branch) -> None:
    """One of the wrong size, and a colour that no mask of the commit shows."""
    small = Image.fromarray(drawn(4)[:20])
    small.putpalette([0, 0, 0, 64, 0, 0, 9, 9, 200])
    folder = Folder(branch.root / "bad")
    for number, mask in ((4, palette(drawn(4), [0, 1, 2])), (9, saved(small))):
        folder.image(f"x{number}.png", saved(Image.fromarray(noise(number))))
        folder.mask(f"x{number}.png", mask)
    (folder.root / "classes.yaml").write_text(GIVEN.replace("[192, 128, 128]", "'#0909c8'"))
    result = ingest(str(folder.root), branch.store, "set", Options(add=True), cache=branch.root / "cache")
    assert [finding.item for finding in result.findings if finding.rejected] == ["x9"]
    assert result.index.colours[2] == ["#c08080"]


def test_some_colours_that_are_given_leave_the_others_as_they_were(branch: Branch) -> None:
    given_one = "{0: a, 1: {name: b, color: '#0909c8'}, 2: c}"
    pixels = np.array([[0, 0, 0], [9, 9, 200], [192, 128, 128]], np.uint8)[drawn(4)]
    branch.add(given_one, saved(Image.fromarray(pixels)))
    assert branch.wrong() == []


def test_a_void_that_a_filled_palette_shows_black_is_no_second_background(tmp_path: Path) -> None:
    branch = Branch(tmp_path)
    void = drawn(0)
    void[:2] = 255
    image = Image.fromarray(void)
    image.putpalette([*COLOURS[0], *COLOURS[1], *COLOURS[2], *[0] * 3 * 253])
    branch.add(PLAIN, saved(image), *(palette(drawn(number), [0, 1, 2]) for number in range(1, 4)))
    branch.add("", *(saved(coloured(drawn(number))) for number in range(4, 8)))
    assert branch.wrong() == ["x0"]  # whose first rows are ignored


def test_a_commit_without_colours_says_that_it_holds_nothing_against_a_palette(tmp_path: Path) -> None:
    branch = Branch(tmp_path)
    branch.add(PLAIN, *(saved(Image.fromarray(drawn(number))) for number in range(4)))
    branch.add("", palette(drawn(4), [0, 1, 2]))
    assert any("keeps no colours" in said for said in branch.result.assumed)
