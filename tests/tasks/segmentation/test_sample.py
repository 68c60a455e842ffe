from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from pylib.data.duplicates import near_pairs, perceptual_hash
from pylib.data.images import decode_image, decode_mask
from pylib.errors import DataError
from pylib.provenance.digests import manifest
from pylib.tasks.segmentation.sample import BACKGROUND, BORDER, OBJECT, make_sample, trimap


def test_the_same_call_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in [("one", 0), ("two", 0), ("three", 1)]:
        make_sample(tmp_path / name, count=12, seed=seed)
    one, two, three = (manifest(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert len(one) == 24
    assert not set(one.values()) & set(three.values())


def test_every_pair_has_the_three_classes_and_no_picture_resembles_another(tmp_path: Path) -> None:
    make_sample(tmp_path / "sample", count=60, size=64)
    hashes = []
    for path in sorted((tmp_path / "sample" / "images").iterdir()):
        image = decode_image(path.read_bytes())
        mask = decode_mask((tmp_path / "sample" / "masks" / f"{path.stem}.png").read_bytes())
        assert image.shape == (64, 64, 3)
        assert np.unique(mask).tolist() == [OBJECT, BACKGROUND, BORDER]
        hashes.append(perceptual_hash(image))
    assert near_pairs(hashes) == []


def test_the_border_is_exactly_the_band_around_the_outline() -> None:
    ink = np.zeros((40, 40))
    ink[10:30, 10:30] = 1
    mask, stroke = trimap(ink, band=2), ink > 0
    near = ndimage.binary_dilation(stroke, iterations=2) & ~ndimage.binary_erosion(stroke, iterations=2)
    np.testing.assert_array_equal(mask == BORDER, near)
    np.testing.assert_array_equal(mask == OBJECT, stroke & ~near)


def test_a_folder_that_holds_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="already holds files"):
        make_sample(tmp_path, count=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
