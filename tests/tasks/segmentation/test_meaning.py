"""Masks as people's tools write them: a whole set gives the ids that were drawn, or a line that says why not.

Each set is of masks that hold the same class ids, written in one of the ways in which masks come.
"""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pylib.data.colours import voc_colour
from pylib.data.plan import Options, plan_ingest
from pylib.errors import ConfigurationError, DataError
from pylib.tasks.segmentation.mask_files import class_ids, read_pixels
from pylib.tasks.segmentation.meaning import choose
from pylib.tasks.segmentation.readings import MaskFile, SourceMask
from tests.data.made import Folder, noise, png

COLOURS = {0: (0, 0, 0), 1: (64, 0, 0), 2: (192, 128, 128)}
GIVEN = "{0: {name: a, color: black}, 1: {name: b, color: '#400000'}, 2: {name: c, color: [192, 128, 128]}}"
PLAIN = "{0: a, 1: b, 2: c}"
VOC = "{0: background, 8: cat, 15: person, 1: aeroplane}"
LEVELS = "{0: {name: a, color: 0}, 1: {name: b, color: 128}, 2: {name: c, color: 255}}"
Write = Callable[[np.ndarray, int], bytes]


def drawn(seed: int = 0) -> np.ndarray:
    """Class ids 0, 1 and 2 in blocks, uint8 [40, 48]."""
    blocks = np.random.default_rng(seed).permutation(np.arange(20) % 3).reshape(4, 5).astype(np.uint8)
    return np.kron(blocks, np.ones((10, 10), np.uint8))[:, :48]


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def palette(
    ids: np.ndarray,
    order: list[int],
    kind: str = "PNG",
    *,
    tail: int = 0,
    **more: object,
) -> bytes:
    """Write ids with a palette that has the classes' colours in this order, and `tail` unused entries."""
    place = np.zeros(3, np.uint8)
    place[order] = range(3)
    image = Image.fromarray(place[ids])
    image.putpalette([level for id_ in order for level in COLOURS[id_]] + [7 + tail] * 3 * tail)
    return saved(image, kind, **more)


def coloured(ids: np.ndarray, *, alpha: bool = False) -> Image.Image:
    pixels = np.array(list(COLOURS.values()), np.uint8)[ids]
    return Image.fromarray(np.dstack([pixels, np.full_like(ids, 255)]) if alpha else pixels)


def deep(ids: np.ndarray, scale: int) -> bytes:
    """A PNG of 48 bits a pixel, the classes' colours multiplied."""
    return png((np.array(list(COLOURS.values()))[ids] * scale).astype(np.uint16))


def grey(ids: np.ndarray, levels: tuple[int, int, int], dtype: type = np.uint8) -> Image.Image:
    return Image.fromarray(np.array(levels, dtype)[ids])


# name: (classes.yaml, how the mask with this number is written)
SETS: dict[str, tuple[str, Write]] = {
    "grey ids": (PLAIN, lambda ids, _: saved(grey(ids, (0, 1, 2)))),
    "grey and palette": (
        PLAIN,
        lambda ids, n: saved(Image.fromarray(ids)) if n % 2 else palette(ids, [0, 1, 2]),
    ),
    "one palette": (PLAIN, lambda ids, _: palette(ids, [0, 1, 2])),
    "unused entries that differ": (PLAIN, lambda ids, n: palette(ids, [0, 1, 2], tail=n)),
    "a palette with alpha": (PLAIN, lambda ids, _: palette(ids, [0, 1, 2], transparency=0)),
    "palettes of another order, colours given": (
        GIVEN,
        lambda ids, n: palette(ids, [n % 3, (n + 1) % 3, (n + 2) % 3]),
    ),
    "one palette of another order, colours given": (GIVEN, lambda ids, _: palette(ids, [2, 0, 1])),
    "palettes with alpha, colours given": (
        GIVEN,
        lambda ids, n: palette(ids, [n % 3, (n + 1) % 3, (n + 2) % 3], transparency=n % 2),
    ),
    "palettes as BMP": (GIVEN, lambda ids, n: palette(ids, [1, 0, 2] if n % 2 else [0, 1, 2], "BMP")),
    "palettes as TIFF": (GIVEN, lambda ids, n: palette(ids, [1, 0, 2] if n % 2 else [0, 1, 2], "TIFF")),
    "palettes as GIF": (GIVEN, lambda ids, n: palette(ids, [1, 0, 2] if n % 2 else [0, 1, 2], "GIF")),
    "grey ids as GIF, whose palette loses what is not used": (
        "{1: a, 2: b, 3: c}",
        lambda ids, _: saved(Image.fromarray(ids + 1), "GIF"),
    ),
    "RGB": (GIVEN, lambda ids, _: saved(coloured(ids))),
    "RGB and palettes": (GIVEN, lambda ids, n: saved(coloured(ids)) if n % 2 else palette(ids, [2, 1, 0])),
    "RGBA": (GIVEN, lambda ids, _: saved(coloured(ids, alpha=True))),
    "RGB as BMP": (GIVEN, lambda ids, _: saved(coloured(ids), "BMP")),
    "RGB as TIFF": (GIVEN, lambda ids, _: saved(coloured(ids), "TIFF", compression="tiff_lzw")),
    "48-bit RGB of 8-bit colours": (GIVEN, lambda ids, _: deep(ids, 257)),
    "48-bit RGB of unscaled colours": (GIVEN, lambda ids, _: deep(ids, 1)),
    "48-bit RGB of ids": (PLAIN, lambda ids, _: png(np.dstack([ids] * 3).astype(np.uint16))),
    "RGB of ids": (PLAIN, lambda ids, _: saved(Image.fromarray(np.dstack([ids] * 3)))),
    "grey with alpha": (PLAIN, lambda ids, _: saved(Image.fromarray(ids).convert("LA"))),
    "16-bit grey ids": (PLAIN, lambda ids, _: saved(grey(ids, (0, 1, 2), np.uint16))),
    "16-bit grey of 8 bits": (PLAIN, lambda ids, _: saved(grey(ids, (0, 257, 514), np.uint16))),
    "16-bit TIFF": (PLAIN, lambda ids, _: saved(grey(ids, (0, 1, 2), np.uint16), "TIFF")),
    "float TIFF of whole numbers": (PLAIN, lambda ids, _: saved(grey(ids, (0, 1, 2), np.float32), "TIFF")),
    "32-bit TIFF": (PLAIN, lambda ids, _: saved(grey(ids, (0, 1, 2), np.int32), "TIFF")),
    "grey levels": (LEVELS, lambda ids, _: saved(grey(ids, (0, 128, 255)))),
    "16-bit levels": (
        LEVELS.replace("128", "1000"),
        lambda ids, _: saved(grey(ids, (0, 1000, 255), np.uint16)),
    ),
    "2-bit grey ids": (PLAIN, lambda ids, _: png(ids, bits=2)),
    "4-bit grey ids": (PLAIN, lambda ids, _: png(ids, bits=4)),
    "a TIFF whose white is zero": (
        PLAIN,
        lambda ids, _: saved(Image.fromarray(ids), "TIFF", tiffinfo={262: 0}),
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


def ids_of(folder: Folder, cache: Path, options: Options = Options()) -> dict[str, np.ndarray]:  # noqa: B008
    """The ids that a commit would hold, by item."""
    with plan_ingest(str(folder.root), None, options, cache=cache) as plan:
        plan.check()
        files = {item.id: plan.files[f"masks/{item.id}.png"] for item in plan.index.items}
        data = {item: file if isinstance(file, bytes) else file.read_bytes() for item, file in files.items()}
    return {item: np.asarray(Image.open(io.BytesIO(content))) for item, content in data.items()}


def fill(folder: Folder, classes: str, write: Write, count: int = 4) -> None:
    (folder.root / "classes.yaml").write_text(classes)
    for number in range(count):
        folder.image(f"x{number}.png", saved(Image.fromarray(noise(number))))
        folder.mask(f"x{number}.png", write(drawn(number), number))


@pytest.mark.parametrize("name", SETS)
def test_a_set_gives_the_ids_that_were_drawn(folder: Folder, tmp_path: Path, name: str) -> None:
    classes, write = SETS[name]
    fill(folder, classes, write)
    first = int(classes.startswith("{1"))
    found = ids_of(folder, tmp_path)
    assert len(found) == 4
    for number in range(4):
        np.testing.assert_array_equal(found[f"x{number}"], drawn(number) + first)


def test_vocs_colours_are_known_by_the_names_of_its_classes(folder: Folder, tmp_path: Path) -> None:
    fill(folder, VOC, lambda ids, n: palette(ids, [1, 2, 0] if n % 2 else [0, 2, 1]))
    found = ids_of(folder, tmp_path)
    for number in range(4):
        np.testing.assert_array_equal(found[f"x{number}"], np.array([0, 8, 15])[drawn(number)])


def test_a_palette_that_every_file_has_compacted_alike_is_still_vocs(folder: Folder, tmp_path: Path) -> None:
    fill(
        folder, VOC, lambda ids, _: palette(ids, [0, 1, 2])
    )  # index 1 is the cat's colour, and aeroplane's id
    np.testing.assert_array_equal(ids_of(folder, tmp_path)["x0"], np.array([0, 8, 15])[drawn(0)])


def test_cvats_labelmap_names_classes_and_colours(folder: Folder, tmp_path: Path) -> None:
    fill(folder, PLAIN, lambda ids, _: saved(coloured(ids)))
    (folder.root / "classes.yaml").unlink()
    lines = ["# label:color_rgb:parts:actions", "a:0,0,0::", "b:64,0,0::", "c:192,128,128::"]
    (folder.root / "labelmap.txt").write_text("\n".join(lines))
    np.testing.assert_array_equal(ids_of(folder, tmp_path)["x0"], drawn(0))
    (folder.root / "classes.yaml").write_text("{0: c, 1: b, 2: a}")  # whose ids count; colours go by name
    np.testing.assert_array_equal(ids_of(folder, tmp_path / "again")["x0"], 2 - drawn(0))


def optimised(ids: np.ndarray, n: int) -> bytes:
    """Grey 0 and 255, some written with one bit, as optimisers do where nothing else occurs."""
    return saved(Image.fromarray((ids > 0) if n % 2 else (ids > 0).astype(np.uint8) * 255))


def test_one_bit_is_black_and_white_where_those_are_the_classes(folder: Folder, tmp_path: Path) -> None:
    fill(folder, "{0: a, 255: b}", optimised)
    for number, found in enumerate(ids_of(folder, tmp_path).values()):
        np.testing.assert_array_equal(found, (drawn(number) > 0) * 255)


REFUSED: dict[str, tuple[str, Write, str]] = {
    "palettes of another order": (
        PLAIN,
        lambda ids, n: palette(ids, [0, 1, 2] if n < 2 else [1, 0, 2]),
        "index [01] is #......, in masks/x0.png and #...... in masks/x2.png".replace(",", ""),
    ),
    "compacted palettes of one colour at two places": (
        PLAIN,
        lambda ids, n: palette(np.where(ids == 1, 0, ids), [0, 1, 2] if n else [0, 2, 1]),
        "#c08080 is index 1 in masks/x0.png and 2 in masks/x1.png",
    ),
    "palettes of nearly black greys": (
        "{0: a, 1: b, 2: c, 3: d, 15: e}",
        lambda ids, _: _greyish(ids, [0, 15, 3]),
        "both the indices of masks/x0.png and the grey levels",
    ),
    "black and white palettes, one turned over, where 255 is void": (
        "{0: a, 1: b, 255: ignore}",
        lambda ids, n: _greyish((ids > 0) ^ (n == 1), [255, 0] if n == 1 else [0, 255]),
        "palettes differ, index 0 is #000000 in masks/x0.png and #ffffff in masks/x1.png",
    ),
    "black and white that are no classes": (
        PLAIN,
        lambda ids, _: saved(grey(ids, (0, 255, 255))),
        "name it, as in",
    ),
    "black and white, one of them optimised": (PLAIN, optimised, "255 is no class: name it, as in"),
    "4 bits that may be either": (
        str({number: f"c{number}" for number in range(40)}),
        lambda ids, n: png(ids, bits=4) if n == 2 else saved(Image.fromarray(ids + 3)),
        "masks/x2.png has 4 bits and masks/x0.png 8",
    ),
    "RGB without a mapping": (PLAIN, lambda ids, _: saved(coloured(ids)), "give each class its color"),
    "JPEG": (GIVEN, lambda ids, _: saved(coloured(ids), "JPEG"), "compression changes class ids"),
    "fractions": (
        PLAIN,
        lambda ids, _: saved(grey(ids, (0, 0.5, 1), np.float32), "TIFF"),
        "mask holds fractions",
    ),
    "depths": (
        PLAIN,
        lambda ids, _: saved(grey(ids, (0, 9000, 300), np.uint16)),
        "values that are no class: 300, 9000",
    ),
    "CMYK": (GIVEN, lambda ids, _: saved(coloured(ids).convert("CMYK"), "TIFF"), "mask is in CMYK"),
    "half transparent": (
        GIVEN,
        lambda ids, _: saved(Image.fromarray(np.dstack([np.asarray(coloured(ids)), ids * 100]))),
        "transparent pixels",
    ),
    "opaque black beside transparent black": (
        PLAIN,
        lambda ids, _: saved(
            Image.fromarray(np.dstack([np.zeros((*ids.shape, 3), np.uint8), (ids > 0) * np.uint8(255)]))
        ),
        "mask has opaque and transparent black",
    ),
    "a page for each class": (
        PLAIN,
        lambda ids, _: saved(
            grey(ids, (0, 1, 0)), "TIFF", save_all=True, append_images=[grey(ids, (0, 0, 2))]
        ),
        "mask has 2 pages or frames, and one can be read",
    ),
    "a frame for each class": (
        PLAIN,
        lambda ids, _: saved(
            grey(ids, (0, 1, 0)), "GIF", save_all=True, append_images=[grey(ids, (0, 0, 2))]
        ),
        "mask has 2 pages or frames, and one can be read",
    ),
    "a photograph": (
        GIVEN,
        lambda _, n: saved(Image.fromarray(np.random.default_rng(n).integers(0, 256, (80, 96, 3), np.uint8))),
        "picture of .* colours, not classes",
    ),
}


def _greyish(ids: np.ndarray, levels: list[int]) -> bytes:
    image = Image.fromarray(ids.astype(np.uint8))
    image.putpalette([level for level in levels for _ in range(3)])
    return saved(image)


@pytest.mark.parametrize("name", REFUSED)
def test_what_nobody_can_tell_is_refused_in_one_line(folder: Folder, tmp_path: Path, name: str) -> None:
    classes, write, message = REFUSED[name]
    fill(folder, classes, write)
    with pytest.raises(DataError, match=message) as caught:
        ids_of(folder, tmp_path)
    assert "\n" not in str(caught.value)


def smoothed(ids: np.ndarray, n: int) -> bytes:
    pixels = np.array(coloured(ids))
    if n == 1:
        pixels[9:11, 20:30] = (pixels[9:11, 20:30] // 2) | 1
    return saved(Image.fromarray(pixels))


def test_a_mask_with_smoothed_edges_is_named_and_the_others_are_read(folder: Folder, tmp_path: Path) -> None:
    fill(folder, GIVEN, smoothed)
    with plan_ingest(str(folder.root), None, Options(), cache=tmp_path) as plan:
        (finding,) = plan.rejected
        assert (finding.item, finding.code) == ("x1", "mask-unknown-class")
        assert "colours that are no class: #" in finding.reason
        assert "smoothed edges?" in finding.reason
        assert len(plan.index.items) == 3


def test_what_is_transparent_and_black_below_is_black(folder: Folder, tmp_path: Path) -> None:
    fill(
        folder,
        GIVEN,
        lambda ids, _: saved(
            Image.fromarray(np.dstack([np.asarray(coloured(ids)), (ids > 0) * np.uint8(255)]))
        ),
    )
    np.testing.assert_array_equal(ids_of(folder, tmp_path)["x0"], drawn(0))


def test_what_was_assumed_is_said(folder: Folder, tmp_path: Path) -> None:
    fill(folder, GIVEN, lambda ids, n: saved(coloured(ids)) if n % 2 else palette(ids, [2, 1, 0]))
    with plan_ingest(str(folder.root), None, Options(), cache=tmp_path) as plan:
        assert plan.assumed == [
            "images: 4 of 8 bits",
            "palette masks: 2 of 2 bits, by colour, as given",
            "colour masks: 2 of 8 bits, by colour, as given",
        ]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("{0: {name: a, color: nocolour}, 1: b}", "'nocolour' is no colour"),
        ("{0: {name: a, color: [1, 2]}, 1: b}", "is no colour"),
        ("{0: {name: a, color: [1, 2, -3]}, 1: b}", "is no colour"),
        ("{0: {name: a, color: red}, 1: {name: b, color: '#f00'}}", "a and b have the same colour, #ff0000"),
        ("{0: {color: red}, 1: b}", "class id 0 needs a name"),
        ("{0: {name: a, colr: red}, 1: b}", "class id 0: 'colr' is nothing that a class has"),
    ],
)
def test_a_colour_that_is_none_is_one_line(
    folder: Folder, tmp_path: Path, classes: str, message: str
) -> None:
    fill(folder, classes, lambda ids, _: saved(coloured(ids)))
    with pytest.raises(ConfigurationError, match=message):
        ids_of(folder, tmp_path)


def test_vocs_palette_is_as_published() -> None:
    known = {1: (128, 0, 0), 8: (64, 0, 0), 15: (192, 128, 128), 20: (0, 64, 128), 255: (224, 224, 192)}
    assert {index: voc_colour(index) for index in known} == known


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.permutations([0, 1, 2]), min_size=1, max_size=5),
    st.sets(st.integers(0, 2), min_size=2),  # nothing but black would be a grey level, too
    st.booleans(),
)
def test_no_order_of_palettes_ever_gives_another_class(
    orders: list[list[int]], used: set[int], colours: bool
) -> None:
    """Right ids or a refusal: with colours given always ids, without only where palettes agree."""
    ids = np.array([sorted(used)], np.uint8)
    files = [palette(ids, order) for order in orders]
    read = [MaskFile(str(number), read_pixels(data).summary) for number, data in enumerate(files)]
    given_ids = {colour: id_ for id_, colour in COLOURS.items()} if colours else {}
    agree = len({tuple(order.index(id_) for id_ in used) for order in orders}) == 1
    try:
        reading = choose(read, dict(enumerate("abc")), given_ids)["palette"]
    except DataError:
        assert not colours
        assert not agree
        return
    assert colours or agree
    for data, file, order in zip(files, read, orders, strict=True):
        found = class_ids(read_pixels(data), SourceMask(Path(), file.values, reading).ids)
        expected = ids[0].tolist() if colours else [order.index(id_) for id_ in ids[0].tolist()]
        assert found[0].tolist() == expected


@pytest.mark.parametrize("names", ["0=a,1=B,2=Tu\u0308r", "0=a,1=b,2=t\u00fcr"])
@pytest.mark.parametrize("void", [[], [0], range(15)])
def test_given_colours_hold_whatever_else_is_in_the_masks(tmp_path, names, void):
    """Indices are exchanged in the palette: neither a void of no colour nor another spelling hides it."""
    folder, truth = tmp_path / "set", {}
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    labelmap = folder / "labelmap.txt"
    lines = ["a:0,0,0::", "b:64,0,0::", "T\u00fcr:192,128,128::"]
    labelmap.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for number in range(15):
        ids = drawn(number)
        image = Image.fromarray(np.array([0, 2, 1], np.uint8)[ids])
        ids[:4] = 255 if number in void else ids[:4]
        stored = np.array(image)
        stored[ids == 255] = 255
        image = Image.fromarray(stored)
        image.putpalette([*COLOURS[0], *COLOURS[2], *COLOURS[1], *[9] * 3 * 252, 224, 224, 192])
        image.save(folder / "masks" / f"{number:02}.png")
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (40, 48, 3), np.uint8)).save(
            folder / "images" / f"{number:02}.png"
        )
        truth[f"{number:02}"] = ids
    classes = {int(part[0]): part[2:] for part in names.split(",")}
    with plan_ingest(str(folder), None, Options(classes=classes), cache=tmp_path) as plan:
        assert len(plan.samples) == 15
        for item, ids in truth.items():
            content = plan.files[f"masks/{item}.png"]
            data = content if isinstance(content, bytes) else content.read_bytes()
            np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), ids)


def test_an_index_that_a_given_colour_contradicts_is_never_taken(tmp_path):
    """One class has no colour: its pixels are refused, and the others are not exchanged."""
    values = read_pixels(palette(drawn(), [0, 2, 1])).summary
    classes = {0: "a", 1: "b", 2: "c"}
    reading = choose([MaskFile("m.png", values)], classes, {COLOURS[1]: 1, COLOURS[2]: 2})["palette"]
    assert {reading.id_of(value) for value in values.values.values()} == {None, 1, 2}
