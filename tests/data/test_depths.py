"""Images with more than 8 bits a sample: how many of them are in use, the whole set decides."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pylib.data.dataset import INDEX_FILE, SAMPLE_BITS, DatasetIndex
from pylib.data.images import decode_image
from pylib.data.ingest import IngestResult, ingest
from pylib.data.plan import Options, Plan, plan_ingest
from pylib.data.shard_writer import write_shards
from pylib.errors import DataError, RequestError
from pylib.serving.request import from_file
from pylib.store.local import LocalStore
from tests.data.made import Folder, encode, noise, png, rings


def grey(seed: int, bits: int) -> np.ndarray:
    """Noise in all of these bits, uint16 [40, 48]; its upper 8 are the same whatever `bits`."""
    picture = noise(seed)[..., 0].astype(np.uint16)
    picture[0, 0] = 255
    return (picture << (bits - 8)) | (picture >> (16 - bits) if bits > 8 else 0)


def written(array: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


def planned(folder: Folder, cache: Path) -> Plan:
    with plan_ingest(str(folder.root), None, Options(), cache=cache) as plan:
        return plan


def codes(plan: Plan) -> list[str]:
    return [finding.code for finding in plan.findings if finding.code != "split-empty"]


@pytest.mark.parametrize("bits", SAMPLE_BITS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_set_is_scaled_by_what_it_uses(folder: Folder, tmp_path: Path, bits: int, kind: str) -> None:
    for number in range(4):
        folder.put(f"x{number}", image=written(grey(number, bits), kind))
    plan = planned(folder, tmp_path)
    assert plan.index.sample_bits == bits
    assert {"extension-wrong"} == set(codes(plan))  # .jpg
    assert plan.assumed[0].startswith(f"images: 4 of 16 bits; {bits} of 16 bits are in use")
    for sample in plan.samples:
        number = int(sample.id[1:])
        assert sample.phash == plan.samples[number].phash
        decoded = decode_image(sample.image.read_bytes(), sample_bits=plan.index.sample_bits)
        np.testing.assert_array_equal(decoded[..., 0], grey(number, 8))


def test_colours_of_48_bits_keep_what_12_bits_say(folder: Folder, tmp_path: Path) -> None:
    picture = noise(1).astype(np.uint16) << 4
    picture[0, 0] = 4095
    folder.put("x", image=png(picture))
    plan = planned(folder, tmp_path)
    assert plan.index.sample_bits == 12
    decoded = decode_image(png(picture), sample_bits=12)
    np.testing.assert_array_equal(decoded, picture >> 4)


def test_a_tiff_whose_white_is_zero_is_turned_over() -> None:
    dark = written(np.full((4, 4), 4095, np.uint16), "TIFF", tiffinfo={262: 0})
    assert np.unique(decode_image(dark, sample_bits=12)).tolist() == [0]


def test_a_set_of_8_bits_says_nothing_new_and_keeps_its_bytes(folder: Folder, tmp_path: Path) -> None:
    for number in range(3):
        folder.put(f"x{number}", seed=number)
    plan = planned(folder, tmp_path)
    assert plan.index.sample_bits is None
    assert b"sample_bits" not in plan.index.dumps()
    assert plan.assumed[0] == "images: 3 of 8 bits"
    assert codes(plan) == []


# name: (images of a set, words of its one finding)
MIXED: dict[str, tuple[list[bytes], str]] = {
    "8 and 16 bits": (
        [written(grey(1, 16)), written(grey(2, 16)), written(noise(3))],
        "1 of 3 images have 8 bits or fewer: x2",
    ),
    "12 and 16 bits": (
        [written(grey(1, 16)), written(grey(2, 16)), written(grey(3, 12))],
        "1 images use less than a quarter of the 16 bits of the others: x2",
    ),
    "12 bits and a hot pixel": (
        [written(np.where(grey(1, 12) == 4095, 65535, grey(1, 12))), *(written(grey(n, 12)) for n in (2, 3))],
        "2 images use less than a quarter of the 16 bits of the others: x1, x2",
    ),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_set_that_mixes_is_named(folder: Folder, tmp_path: Path, name: str) -> None:
    images, words = MIXED[name]
    for number, data in enumerate(images):
        folder.image(f"x{number}.png", data)
        folder.mask(
            f"x{number}.png", encode(np.kron([[1, 2], [3, 1]], np.ones((20, 24))).astype(np.uint8), "PNG")
        )
    plan = planned(folder, tmp_path)
    (finding,) = [one for one in plan.findings if one.code == "depth-mixed"]
    assert words in finding.reason
    assert not finding.rejected


def test_the_bits_travel_with_the_shards_and_an_addition_keeps_them(folder: Folder, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    for number in range(4):
        folder.put(f"x{number}", image=written(grey(number, 12)))
    first = ingest(str(folder.root), store, "deep", Options(), cache=tmp_path, report=tmp_path / "report")
    assert (
        "12 of 16 bits are in use" in json.loads((tmp_path / "report/report.json").read_text())["assumed"][0]
    )
    store.checkout(first.commit, tmp_path / "out")
    assert write_shards(tmp_path / "out", tmp_path / "shards", image_size=32).sample_bits == 12
    for path in folder.root.rglob("x*"):
        path.unlink()
    folder.put("y", image=written(grey(9, 10)))
    added = ingest(str(folder.root), store, "deep", Options(add=True), cache=tmp_path)
    assert added.index.sample_bits == 12
    assert [one.reason for one in added.findings if one.code == "depth-mixed"]


def put_deep(folder: Folder, name: str, *seeds: int, bits: int) -> None:
    """Nothing but these images, of so many bits in 16, or of 8 as 8."""
    for path in [*folder.root.glob("images/*"), *folder.root.glob("masks/*")]:
        path.unlink()
    for seed in seeds:
        image = grey(seed, bits) if bits > 8 else noise(seed)
        folder.image(f"{name}{seed}.png", written(image))
        folder.mask(f"{name}{seed}.png", encode(rings(), "PNG"))


def put_in(folder: Folder, tmp_path: Path, **options: bool) -> IngestResult:
    store = LocalStore(tmp_path / "store")
    return ingest(str(folder.root), store, "deep", Options(**options), cache=tmp_path)


# name: (bits of the parent, of what is added, the words of what is found)
BESIDE = {
    "12 and 16": (12, 16, "images of the parent commit use 12 bits, these 16: .* 16 times darker now"),
    "8 and 12": (8, 12, "images of the parent commit use 8 bits, these 12$"),
    "12 and 8": (12, 8, "images of the parent commit use 12 bits, these 8$"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_an_addition_of_another_range_is_a_risk(folder: Folder, tmp_path: Path, name: str) -> None:
    parent, added, words = BESIDE[name]
    put_deep(folder, "x", 1, 2, bits=parent)
    put_in(folder, tmp_path, strict=True)
    put_deep(folder, "y", 3, 4, bits=added)
    with pytest.raises(DataError, match=r"0 rejected, 1 at risk, and strict"):
        put_in(folder, tmp_path, add=True, strict=True)
    result = put_in(folder, tmp_path, add=True)
    (found,) = [one.reason for one in result.findings if one.code == "depth-mixed"]
    assert re.search(words, found)
    assert result.index.sample_bits == max(parent, added)


def test_a_commit_of_before_bits_were_recorded_is_read_as_it_was(folder: Folder, tmp_path: Path) -> None:
    put_deep(folder, "x", 1, 2, bits=16)
    store, first = LocalStore(tmp_path / "store"), put_in(folder, tmp_path)
    old = first.index.model_copy(update={"sample_bits": None})
    before = store.commit("deep", {INDEX_FILE: old.dumps()}, mode="add")
    assert put_in(folder, tmp_path, add=True).commit.id == before.id
    put_deep(folder, "y", 3, 4, bits=12)
    added = put_in(folder, tmp_path, add=True)
    assert added.index.sample_bits == 16
    store.checkout(added.commit, tmp_path / "out")
    assert write_shards(tmp_path / "out", tmp_path / "shards", image_size=32).sample_bits == 16


def test_what_is_rejected_does_not_decide(folder: Folder, tmp_path: Path) -> None:
    put_deep(folder, "x", 1, 2, bits=12)
    folder.image("z.png", written(grey(3, 16)))
    folder.mask("z.png", encode(np.ones((10, 10), np.uint8), "PNG"))
    result = put_in(folder, tmp_path)
    assert {one.item: one.code for one in result.findings if one.rejected} == {"z": "mask-size"}
    assert result.index.sample_bits == 12
    assert not [one for one in result.findings if one.code == "depth-mixed"]
    put_deep(folder, "x", 1, 2, 4, bits=12)
    folder.image("x2.png", written(grey(5, 16)))  # an id that is taken
    result = put_in(folder, tmp_path, add=True)
    assert {one.item: one.code for one in result.findings if one.rejected} == {"x2": "id-taken"}
    assert result.index.sample_bits == 12
    assert {item.id for item in result.index.items} == {"x1", "x2", "x4"}


def test_an_index_of_before_there_were_such_bits_is_read() -> None:
    old = DatasetIndex(task="segmentation", name="x", classes={0: "a", 1: "b"}, items=[])
    assert DatasetIndex.loads(old.dumps()).sample_bits is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (written(np.zeros((4, 4), np.float32), "TIFF"), "floating-point pixels have no agreed range"),
        (written(np.full((4, 4), -5, np.int32), "TIFF"), "values of -5…-5 where 16 bits"),
        (
            written(np.full((4, 4), 70_000, np.int32), "TIFF"),
            "values of 70,000…70,000 where 16 bits .0…65,535.",
        ),
    ],
)
def test_values_without_a_range_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        decode_image(data)


def test_a_request_is_scaled_as_the_model_learned_and_refused_beyond() -> None:
    data = written(grey(3, 12))
    np.testing.assert_array_equal(from_file(data, 12).pixels[..., 0], grey(3, 8))
    np.testing.assert_array_equal(
        from_file(written(noise(3)), 12).pixels, noise(3)
    )  # 8 bits are what they are
    with pytest.raises(RequestError, match=r"where 12 bits .0…4,095. are in use: .* divide its values by 16"):
        from_file(written(grey(3, 16)), 12)


def test_a_cameras_bits_are_refused_by_a_model_of_8_and_it_says_how_to_send_them() -> None:
    np.testing.assert_array_equal(from_file(written(grey(3, 16))).pixels[..., 0], grey(3, 8))
    assert from_file(written(np.zeros((4, 4), np.uint16))).pixels.max() == 0
    for bits, how in ((8, ""), (10, ", the values divided by 4"), (12, ", the values divided by 16")):
        with pytest.raises(
            RequestError, match=f"in a file of 16 bits are almost black .*: send 8 bits{how}$"
        ):
            from_file(written(grey(3, bits).astype(np.uint16)))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SAMPLE_BITS), st.integers(0, 2**16 - 1))
def test_a_value_keeps_its_upper_bits_whatever_the_depth(bits: int, value: int) -> None:
    value >>= 16 - bits
    for array in (np.full((2, 3), value, np.uint16), np.full((2, 3, 3), value, np.uint16)):
        data = written(array) if array.ndim == 2 else png(array)
        assert np.unique(decode_image(data, sample_bits=bits)).tolist() == [value >> (bits - 8)]
