from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pylib.data.digits import compose
from pylib.data.duplicates import near_pairs, perceptual_hash
from pylib.data.images import decode_image
from pylib.errors import DataError
from pylib.provenance.digests import manifest
from pylib.tasks.classification.sample import HUES, make_sample


def test_the_same_call_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in [("one", 0), ("two", 0), ("three", 1)]:
        make_sample(tmp_path / name, count=12, seed=seed)
    one, two, three = (manifest(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert len(one) == 12
    assert not set(one.values()) & set(three.values())


def test_each_colour_has_its_folder_and_no_picture_resembles_another(tmp_path: Path) -> None:
    make_sample(tmp_path / "sample", count=200)
    pictures = sorted((tmp_path / "sample").rglob("*.jpg"))
    counts = Counter(path.parent.name for path in pictures)
    assert counts.keys() == HUES.keys()
    assert min(counts.values()) >= 15
    images = [decode_image(path.read_bytes()) for path in pictures]
    assert {image.shape for image in images} == {(64, 64, 3)}
    assert near_pairs([perceptual_hash(image) for image in images]) == []


def test_a_folder_that_holds_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="already holds files"):
        make_sample(tmp_path, count=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_ink_has_the_colour_of_its_folder() -> None:
    ink = np.ones((8, 8))
    for hue in HUES.values():
        picture = compose(ink, np.zeros((8, 8, 3)), np.random.default_rng(0), hue)
        assert ((picture.mean((0, 1)) > 128) == np.array(hue)).all()
