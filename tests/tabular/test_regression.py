"""The elastic net: what it finds, what it exports, and its bits under another machine's kernels."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from pylib.errors import ConfigurationError, DataError
from pylib.processor import instructions
from pylib.tabular.export import export, predict
from pylib.tabular.regression import fit, penalty_of

DRAW = np.random.default_rng(1)
FEATURES = DRAW.normal(size=(200, 4)) * [1, 100, 0.01, 0] + [0, 5, 0, 7]
TARGET = 3 * FEATURES[:, 0] - 0.02 * FEATURES[:, 1] + 11
BITS = """
from pathlib import Path
import sys
from pylib.tabular.built_in import built_in
from pylib.tabular import table
from pylib.tabular.split import by_split
from pylib.tabular.regression import fit, penalty_of
file = Path(sys.argv[1]) / "t.csv"
file.write_bytes(*built_in().values())
rows = by_split(table.read(file), "progression")["train"]
made = fit(rows[:, :-1], rows[:, -1], penalty_of(0.01, 0.5))
print(made.weights.tobytes().hex(), made.intercept.hex())
"""


def test_without_a_penalty_it_is_least_squares_in_the_columns_own_units():
    made = fit(FEATURES, TARGET, penalty_of(0, 0.5))
    assert made.weights == pytest.approx([3, -0.02, 0, 0], abs=1e-4)
    assert made.intercept == pytest.approx(11, abs=1e-3)
    assert made.weights[3] == 0, "a constant column"


def test_the_export_says_what_the_model_says_and_is_the_same_bytes(tmp_path):
    made = fit(FEATURES, TARGET, penalty_of(0.01, 0.5))
    digests = {
        export(made, tmp_path / name, features=list("abcd"), target="t") for name in ("one.onnx", "two.onnx")
    }
    assert digests == {hashlib.sha256((tmp_path / "one.onnx").read_bytes()).hexdigest()}
    assert predict(tmp_path / "one.onnx", FEATURES) == pytest.approx(made.predict(FEATURES), rel=1e-12)


def test_a_penalty_outside_its_range_is_one_line():
    with pytest.raises(ConfigurationError, match=r"^regression: l1_ratio: .* less than or equal to 1$"):
        penalty_of(0.1, 2)


def test_numbers_whose_squares_are_infinite_are_refused():
    with pytest.raises(DataError, match="other units"):
        fit(FEATURES * 1e200, TARGET, penalty_of(0.1, 0.5))


@pytest.mark.skipif(instructions() != "AVX2", reason="the cap is what the processor lacks")
def test_the_environment_does_not_choose_the_kernels(tmp_path):
    made = {
        subprocess.check_output(
            [sys.executable, "-c", BITS, str(tmp_path)], env=os.environ | {"OPENBLAS_CORETYPE": kernel}
        )
        for kernel in ("Nehalem", "Haswell", "SkylakeX")
    }
    assert len(made) == 1
