"""Checkpoints on disk."""

from pathlib import Path

import numpy as np
import pytest

from pylib.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint

STATE = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.int64), np.array([1, 2], np.uint32)]
BEST = [np.full(3, np.nan, np.float32)]
HISTORY = [{"epoch": 0.0, "mean_iou": 0.1 + 0.2}]
DIGESTS = ["0" * 64]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "new" / "run.npz"
    save_checkpoint(file, Checkpoint(STATE, BEST, HISTORY, DIGESTS))
    return file


def test_what_is_read_is_what_was_written(path: Path) -> None:
    found = load_checkpoint(path)
    assert found is not None
    state, best, history, digests = found
    for written, read in zip(STATE + BEST, state + best, strict=True):
        assert read.dtype == written.dtype
        np.testing.assert_array_equal(read, written)
    assert (history, digests) == (HISTORY, DIGESTS)


def test_order_is_kept_beyond_ten_arrays(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "many.npz", Checkpoint([np.array(i) for i in range(120)], [], [], []))
    found = load_checkpoint(tmp_path / "many.npz")
    assert found is not None
    assert [int(value) for value in found[0]] == list(range(120))


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_damaged_file_is_no_checkpoint(path: Path, keep: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    assert load_checkpoint(path) is None


def test_a_flipped_bit_is_noticed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    position = data.index(STATE[0].tobytes()) + 5
    data[position] ^= 1
    path.write_bytes(data)
    assert load_checkpoint(path) is None


def test_no_file_is_no_checkpoint(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "none.npz") is None


def test_nothing_but_the_checkpoint_is_left(path: Path) -> None:
    save_checkpoint(path, Checkpoint(STATE, BEST, HISTORY, DIGESTS))
    assert [file.name for file in path.parent.iterdir()] == [path.name]
