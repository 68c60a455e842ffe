"""The folder that heads read: as it was written, or a line that says what is wrong with it."""

from pathlib import Path

import numpy as np
import pytest

from pylib.errors import DataError
from pylib.features.table import INDEX_FILE, LEARNING_SPLITS, FeatureIndex, read_features, write_split
from pylib.models.weights_origin import WeightsOrigin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    counts = {"train": 5, "validation": 2, "calibration": 0}
    for split, count in counts.items():
        rows = np.arange(count * 4, dtype=np.float32).reshape(count, 4)
        write_split(tmp_path, split, rows, np.arange(count, dtype=np.int64))
    index = FeatureIndex(
        task="classification",
        classes=["cat", "dog"],
        ids={split: [f"{split}{n}" for n in range(count)] for split, count in counts.items()},
        backbone="vgg16",
        alpha=1.0,
        weights=WeightsOrigin(origin="file", sha256="a" * 64),
        image_size=32,
        width=4,
    )
    (tmp_path / INDEX_FILE).write_bytes(index.dumps())
    return tmp_path


def test_what_is_read_is_what_was_written_and_nobody_changes_it(folder: Path) -> None:
    features, targets = read_features(folder, "train")
    assert features.dtype == np.float32
    assert features.flags.c_contiguous
    assert features.tolist()[1] == [4, 5, 6, 7]
    assert targets.tolist() == [0, 1, 2, 3, 4]
    assert read_features(folder, "calibration")[0].shape == (0, 4)
    for array in (features, targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_there_is_nothing_of_the_test_split(folder: Path) -> None:
    assert "test" not in LEARNING_SPLITS
    content = (folder / INDEX_FILE).read_bytes().replace(b'"calibration": []', b'"test": []')
    (folder / INDEX_FILE).write_bytes(content)
    with pytest.raises(DataError, match="ids"):
        FeatureIndex.read(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.unlink(), "cannot be read .*compute the features again"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "cannot be read"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: np.save(path, np.zeros((5, 3), np.float32)), r"holds \(5, 3\), not \(5, 4\)"),
        (lambda path: np.save(path, np.zeros((5, 4))), "holds float64, not float32"),
    ],
)
def test_a_file_that_is_not_what_the_index_says_is_one_line(folder: Path, change, reason: str) -> None:
    change(folder / "train.features.npy")
    with pytest.raises(DataError, match=reason) as error:
        read_features(folder, "train")
    assert "\n" not in str(error.value)


def test_targets_are_class_indices(folder: Path) -> None:
    np.save(folder / "train.targets.npy", np.zeros(5))
    with pytest.raises(DataError, match="holds float64, no class indices"):
        read_features(folder, "train")
