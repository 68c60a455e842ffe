"""coefficients.json: a regression in numbers that people read, and what its bits depend on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pylib.errors import ModelError
from pylib.tabular.regression import Penalty, Regression, environment

FILE = "coefficients.json"


def write(folder: Path, features: Sequence[str], fitted: Regression, penalty: Penalty) -> None:
    """Write folder/coefficients.json; weights in the table's own units, by the feature's name."""
    content = {
        "penalty": penalty.model_dump(),
        "weights": dict(zip(features, fitted.weights.tolist(), strict=True)),
        "intercept": fitted.intercept,
        "environment": environment(),
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")


def given(folder: Path) -> dict[str, Any]:
    """What the learning was given beside its table: hyper-parameters, kernels, versions; ModelError."""
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {**content["penalty"], **content["environment"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read ({error}): run the pipeline again") from error
