import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from pylib.data.images import (
    TooLargeError,
    decode_image,
    decode_mask,
    encode_png,
    page_count,
    read_header,
    resize_image,
    resize_mask,
    true_extension,
    turn,
)
from pylib.errors import ConfigurationError, DataError
from tests.data.made import chunk

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8))
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "TIFF": "tif"}


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", EXTENSIONS)
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_every_kind_and_mode_becomes_rgb(kind: str, mode: str) -> None:
    converted = PICTURE if mode == "RGB" else PICTURE.convert(mode)
    if (kind, mode) in {("JPEG", "P"), ("WEBP", "1")}:
        converted = converted.convert("L")
    data = saved(converted, kind)
    image = decode_image(data)
    assert (image.shape, image.dtype) == ((30, 20, 3), np.uint8)
    assert true_extension(data) == EXTENSIONS[kind]
    if kind in {"PNG", "BMP", "TIFF"}:
        np.testing.assert_array_equal(image, np.asarray(converted.convert("RGB")))


def test_exif_orientation_turns_the_picture_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    turned = decode_image(saved(PICTURE, "PNG", exif=exif))
    np.testing.assert_array_equal(turned, np.rot90(np.asarray(PICTURE), k=-1))


XMP = b'XML:com.adobe.xmp\0\0\0\0\0<x><rdf:Description tiff:Orientation="%d"/></x>'


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()[6:]


def text_of(orientation: int) -> bytes:
    return XMP % orientation


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([(b"eXIf", exif_of), (b"iTXt", text_of)]), st.integers(1, 8)), max_size=3
    ),
    st.booleans(),
    st.sampled_from([0, 1, 5]),
)
def test_the_header_of_a_png_says_what_decoding_does(
    late: list[tuple[tuple[bytes, Callable[[int], bytes]], int]], early: bool, junk: int
) -> None:
    """Orientations behind the pixels, several of them and beside one before, with more junk in the pixels."""
    exif = Image.Exif()
    exif[0x0112] = 8
    whole = saved(PICTURE, "PNG", **({"exif": exif} if early else {}))
    end = whole.rindex(b"IEND") - 4
    chunks = [chunk(kind, content(orientation)) for (kind, content), orientation in late]
    data = whole[:end] + chunk(b"IDAT", b"") * junk + b"".join(chunks) + whole[end:]
    expected = turn(np.asarray(PICTURE), read_header(data).orientation)
    np.testing.assert_array_equal(decode_image(data), expected)
    if late and len(late) == 1 and not early:
        assert read_header(data).orientation == late[0][1]


@pytest.mark.parametrize(("kind", "pages"), [("TIFF", 3), ("GIF", 3), ("WEBP", 3), ("PNG", 3), ("MPO", 1)])
def test_pages_are_counted_and_the_first_is_taken(kind: str, pages: int) -> None:
    others = [PICTURE.rotate(180), PICTURE.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    data = saved(PICTURE, kind, save_all=True, append_images=others)
    assert page_count(data) == pages
    assert page_count(saved(PICTURE, kind)) == 1
    if kind in {"TIFF", "PNG"}:
        np.testing.assert_array_equal(decode_image(data), np.asarray(PICTURE))


def test_smaller_copies_in_a_tiff_are_no_pages() -> None:
    small = PICTURE.resize((10, 15))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    assert page_count(saved(PICTURE, "TIFF", save_all=True, append_images=[small])) == 1
    small.encoderinfo = {}
    assert page_count(saved(PICTURE, "TIFF", save_all=True, append_images=[small])) == 2


def test_transparent_pixels_are_white_and_sixteen_bits_are_scaled() -> None:
    clear = Image.new("RGBA", (4, 4), (10, 20, 30, 0))
    assert np.unique(decode_image(saved(clear, "PNG"))).tolist() == [255]
    deep = Image.fromarray(np.full((4, 4), 0x8040, np.uint16))
    assert np.unique(decode_image(saved(deep, "PNG"))).tolist() == [0x80]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"hello", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (saved(PICTURE, "JPEG")[:-200], "truncated"),
        (saved(PICTURE, "PNG")[:-200], "damaged or truncated PNG"),
        (saved(Image.new("F", (4, 4)), "TIFF"), "floating-point"),
        (saved(Image.new("1", (9000, 9000)), "PNG"), "above the limit of 64,000,000 pixels"),
    ],
)
def test_what_cannot_be_read_says_so(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        decode_image(data)


def test_one_limit_holds_and_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = saved(Image.new("1", (9504, 6336)), "PNG")
    assert decode_image(camera).shape == (6336, 9504, 3)
    monkeypatch.setenv("PYLIB_MAX_PIXELS", "1000")
    with pytest.raises(TooLargeError, match=r"above the limit of 1,000 pixels: .*PYLIB_MAX_PIXELS"):
        decode_mask(camera)
    monkeypatch.setenv("PYLIB_MAX_PIXELS", "200000000")
    assert decode_mask(saved(Image.new("1", (14000, 14000)), "PNG")).shape == (14000, 14000)
    for wrong in ("many", "0", "-1"):
        monkeypatch.setenv("PYLIB_MAX_PIXELS", wrong)
        with pytest.raises(ConfigurationError, match="give a number of pixels"):
            decode_image(camera)


DAMAGED = [saved(PICTURE, kind) for kind in EXTENSIONS]


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(DAMAGED),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6),
    st.integers(0, 10**6),
)
def test_damaged_files_are_read_or_refused_but_never_crash(
    data: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(data)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    for function in (decode_image, decode_mask, true_extension):
        try:
            found = function(bytes(damaged[: 1 + cut % (2 * len(damaged))]))
        except DataError:
            continue
        assert found in EXTENSIONS.values() if isinstance(found, str) else found.dtype == np.uint8


IDS = np.array([[0, 1, 2], [3, 3, 3]], np.uint8)


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (Image.fromarray(IDS), {}),
        (Image.fromarray(IDS).convert("LA"), {}),
        (Image.fromarray(np.stack([IDS] * 3, axis=2)), {}),
        (Image.fromarray(IDS.astype(np.uint16)), {}),
        (Image.fromarray(np.stack([IDS] * 3, axis=2)), {"format": "WEBP", "lossless": True}),
    ],
    ids=["grey", "grey with alpha", "rgb of one value", "16 bits", "lossless WebP"],
)
def test_masks_give_their_ids(image: Image.Image, options: dict[str, object]) -> None:
    buffer = io.BytesIO()
    image.save(buffer, **{"format": "PNG", **options})
    np.testing.assert_array_equal(decode_mask(buffer.getvalue()), IDS)


def test_palette_masks_give_their_indices() -> None:
    palette = Image.fromarray(IDS)
    palette.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200, 9, 9, 9])
    np.testing.assert_array_equal(decode_mask(saved(palette, "PNG")), IDS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (saved(PICTURE, "JPEG"), "compression changes class ids"),
        (saved(PICTURE, "WEBP"), "compression changes class ids"),
        (saved(PICTURE, "PNG"), "colour picture"),
        (saved(Image.fromarray(np.full((4, 4), 999, np.uint16)), "PNG"), "outside 0…255"),
    ],
)
def test_what_is_no_mask_says_so(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        decode_mask(data)


@settings(deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))),
    st.integers(1, 80),
    st.integers(1, 80),
)
def test_resizing_a_mask_makes_up_no_ids(mask: np.ndarray, height: int, width: int) -> None:
    resized = resize_mask(mask, (height, width))
    assert resized.shape == (height, width)
    assert set(np.unique(resized)) <= set(np.unique(mask))
    np.testing.assert_array_equal(decode_mask(encode_png(mask)), mask)


def test_resizing_an_image_averages_what_it_shrinks() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    shrunk = resize_image(stripes, 16)
    assert shrunk.shape == (16, 16, 3)
    assert np.unique(shrunk[:, 1:-1]).tolist() == [100]
