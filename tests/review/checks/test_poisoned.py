"""Poisoned batches of real images are caught, a clean one is not; benchmarks/poison.py has the rates."""

import numpy as np
import pytest

from benchmarks.poison import CLEAN, FLIPPED, PATCHED, found, pictures, poisoned
from pylib.review.checks.examine import BLOCKING

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parted():
    """Four hundred old images of the built-in sample, and two hundred new ones."""
    with pictures("sample") as images:
        order = [images[place] for place in np.random.default_rng(0).permutation(len(images)).tolist()]
    return order[:400], order[400:]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    """One store of features for all: most images are in every batch."""
    return tmp_path_factory.mktemp("artifacts").as_uri()


@pytest.mark.parametrize(
    ("kind", "expected"), [(CLEAN, None), (FLIPPED, "labels-flipped"), (PATCHED, "backdoor-patch")]
)
def test_what_was_done_to_a_batch_is_what_is_found(parted, artifacts, tmp_path, kind, expected):
    old, new = parted
    batch = poisoned(new, kind, np.random.default_rng(1))
    kinds = {
        code for code in found(old, batch, tmp_path, weights="none", artifacts=artifacts) if code in BLOCKING
    }
    assert (kinds == set()) if expected is None else expected in kinds
