"""Masks on images that EXIF turns: laid as they fit; where they fit either way, named and asked for."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from pylib.data.images import decode_image, decode_mask, turn
from pylib.data.layout import Reading
from pylib.data.plan import Options, Plan, plan_ingest
from pylib.data.report import write_report
from pylib.errors import DataError
from tests.data.made import Folder, chunk, encode, noise

ORIENTATION = 0x0112


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[ORIENTATION] = orientation
    return made


def corner(height: int, width: int) -> np.ndarray:
    """A mask that no turning leaves as it is."""
    mask = np.full((height, width), 2, np.uint8)
    mask[: height // 2, : width // 3] = 1
    mask[:4, -9:] = 3
    return mask


def put(
    good: Folder, item: str, orientation: int, stored: np.ndarray, *, upright: bool, **options: object
) -> None:
    """An image whose EXIF turns it, and a mask on its stored pixels or as it is seen."""
    image = encode(noise(99 + orientation, *stored.shape), exif=exif(orientation))
    mask = turn(stored, orientation) if upright else stored
    good.put(item, image=image, mask=encode(mask, "PNG", **options))


def mask_of(plan: Plan, item: str) -> np.ndarray:
    content = plan.files[f"masks/{item}.png"]
    return decode_mask(content if isinstance(content, bytes) else content.read_bytes())


def codes(plan: Plan) -> dict[str, str]:
    return {finding.item: finding.code for finding in plan.findings}


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("upright", [True, False])
def test_the_shape_tells_how_a_mask_lies(
    good: Folder, tmp_path: Path, orientation: int, upright: bool
) -> None:
    stored = corner(40, 48)
    put(good, "x", orientation, stored, upright=upright)
    with plan_ingest(str(good.root), None, Options(strict=True), cache=tmp_path) as plan:
        plan.check()
        assert codes(plan) == ({} if upright else {"x": "mask-turned"})
        np.testing.assert_array_equal(mask_of(plan, "x"), turn(stored, orientation))


@pytest.mark.parametrize(("orientation", "side"), [(6, 40), (8, 40), (3, 48), (2, 48), (4, 48)])
@pytest.mark.parametrize("reading", ["exif", "stored"])
def test_where_it_does_not_a_person_decides(
    good: Folder, tmp_path: Path, orientation: int, side: int, reading: Reading
) -> None:
    stored = corner(40, side)
    put(good, "x", orientation, stored, upright=reading == "exif")
    with plan_ingest(str(good.root), None, Options(strict=True), cache=tmp_path) as plan:
        assert codes(plan) == {"x": "mask-orientation"}
        with pytest.raises(DataError, match=r"1 at risk, and strict: x: EXIF turns .* --orientation exif"):
            plan.check()
        assert "1 of 41 images carry an EXIF orientation" in " ".join(plan.assumed)
    with plan_ingest(str(good.root), None, Options(strict=True, orientation=reading), cache=tmp_path) as plan:
        plan.check()
        np.testing.assert_array_equal(mask_of(plan, "x"), turn(stored, orientation))
        image = plan.files["images/x.jpg"]
        assert isinstance(image, Path)
        assert decode_image(image.read_bytes()).shape[:2] == mask_of(plan, "x").shape


def test_the_report_shows_both_readings_and_counts_the_images(good: Folder, tmp_path: Path) -> None:
    put(good, "x", 3, corner(40, 48), upright=True)
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        report = write_report(plan, tmp_path / "report")
    page = (tmp_path / "report/report.html").read_text()
    assert report.exif_orientation == 1
    assert "x · exif, as read" in page
    assert "x · stored<" in page
    assert "How it was read" in page


def test_what_others_show_is_taken_and_still_a_risk(good: Folder, tmp_path: Path) -> None:
    square, stored = corner(44, 44), corner(40, 48)
    put(good, "tells", 6, stored, upright=False)
    put(good, "square", 8, square, upright=False)
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        assert codes(plan) == {"tells": "mask-turned", "square": "mask-orientation"}
        np.testing.assert_array_equal(mask_of(plan, "square"), turn(square, 8))
        assert any("as their shape tells" in sentence for sentence in plan.assumed)


def late(data: bytes, orientation: int) -> bytes:
    """A PNG whose orientation stands behind its pixels."""
    end = data.rindex(b"IEND") - 4
    return data[:end] + chunk(b"eXIf", exif(orientation).tobytes()[6:]) + data[end:]


def test_an_orientation_behind_the_pixels_turns_the_mask_too(good: Folder, tmp_path: Path) -> None:
    stored, square = corner(40, 48), corner(44, 44)
    good.put("x", image=late(encode(noise(99), "PNG"), 6), mask=encode(stored, "PNG"))
    good.put("y", image=late(encode(noise(98, 44, 44), "PNG"), 6), mask=encode(square, "PNG"))
    good.put("z", image=late(encode(noise(97), "PNG"), 3), mask=late(encode(stored, "PNG"), 3))
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        found = {one.item: one.code for one in plan.findings if one.code != "extension-wrong"}
        assert found == {"x": "mask-turned", "y": "mask-orientation"}
        np.testing.assert_array_equal(mask_of(plan, "x"), turn(stored, 6))
        np.testing.assert_array_equal(mask_of(plan, "z"), turn(stored, 3))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("side", [40, 48])
def test_a_mask_that_carries_the_image_s_orientation_turns_with_it(
    good: Folder, tmp_path: Path, kind: str, side: int
) -> None:
    stored = corner(40, side)
    mask = encode(stored, kind, exif=exif(6))
    good.put("x", image=encode(noise(99, 40, side), exif=exif(6)), mask=mask)
    with plan_ingest(str(good.root), None, Options(strict=True), cache=tmp_path) as plan:
        plan.check()
        np.testing.assert_array_equal(mask_of(plan, "x"), turn(stored, 6))


def test_a_mask_with_an_orientation_of_its_own_is_a_risk(good: Folder, tmp_path: Path) -> None:
    good.put("x", image=encode(noise(99)), mask=encode(corner(40, 48), "PNG", exif=exif(3)))
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        assert codes(plan) == {"x": "mask-orientation"}
        np.testing.assert_array_equal(mask_of(plan, "x"), turn(corner(40, 48), 3))


def test_a_mask_that_fits_neither_way_is_refused_by_its_size(good: Folder, tmp_path: Path) -> None:
    good.put("x", image=encode(noise(99), exif=exif(6)), mask=encode(corner(41, 48), "PNG"))
    with plan_ingest(str(good.root), None, Options(), cache=tmp_path) as plan:
        assert codes(plan) == {"x": "mask-size"}


@given(st.integers(0, 9), st.integers(1, 7), st.integers(1, 7))
def test_turning_is_what_pillow_does_to_the_picture(orientation: int, height: int, width: int) -> None:
    array = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG", exif=exif(orientation))
    upright = ImageOps.exif_transpose(Image.open(buffer))
    np.testing.assert_array_equal(turn(array, orientation), np.asarray(upright))
