"""Checkpoints: all that a killed run needs to reach the same result, in one file that is replaced whole."""

import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[Any]]
History = list[dict[str, float]]


def read_arrays(variables: Sequence[keras.Variable]) -> Arrays:
    """Copy the values of variables, in their order."""
    return [np.array(variable.numpy()) for variable in variables]


def assign_arrays(variables: Sequence[keras.Variable], values: Arrays) -> None:
    """Put values back into the same variables, in the same order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def save_checkpoint(path: Path, state: Arrays, best: Arrays, history: History) -> None:
    """Write model and optimizer state, the best weights so far and the history; atomic on POSIX."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        named: dict[str, Any] = {f"state_{i:05}": array for i, array in enumerate(state)}
        named |= {f"best_{i:05}": array for i, array in enumerate(best)}
        named["history"] = np.array(json.dumps(history))
        np.savez(file, **named)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_checkpoint(path: Path) -> tuple[Arrays, Arrays, History] | None:
    """Read what `save_checkpoint` wrote; None without a file, or with a damaged one: training starts anew."""
    try:
        with np.load(path, allow_pickle=False) as file:
            names = sorted(file.files)
            state = [file[name] for name in names if name.startswith("state_")]
            best = [file[name] for name in names if name.startswith("best_")]
            return state, best, json.loads(str(file["history"]))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None
