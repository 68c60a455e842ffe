"""Checkpoints: all that a killed run needs to reach the same result, in one file that is replaced whole."""

import io
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[Any]]
History = list[dict[str, float]]


class Checkpoint(NamedTuple):
    """All that a run needs to go on.

    state: model and optimizer; best: the model's weights in its best epoch; history: an entry an epoch
    weights_sha256: digest of the weights after each epoch
    """

    state: Arrays
    best: Arrays
    history: History
    weights_sha256: list[str]


def read_arrays(variables: Sequence[keras.Variable]) -> Arrays:
    """Copy the values of variables, in their order."""
    return [np.array(variable.numpy()) for variable in variables]


def assign_arrays(variables: Sequence[keras.Variable], values: Arrays) -> None:
    """Put values back into the same variables, in the same order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; atomic on POSIX."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        named: dict[str, Any] = {f"state_{i:05}": array for i, array in enumerate(checkpoint.state)}
        named |= {f"best_{i:05}": array for i, array in enumerate(checkpoint.best)}
        for name in ("history", "weights_sha256"):
            named[name] = np.array(json.dumps(getattr(checkpoint, name)))
        np.savez(file, **named)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_checkpoint(path: Path) -> Checkpoint | None:
    """Read what `save_checkpoint` wrote; None without a file, or with a damaged one: training starts anew."""
    return parse_checkpoint(read_checkpoint(path))


def read_checkpoint(path: Path) -> bytes:
    """Return the file's bytes, none where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def parse_checkpoint(content: bytes) -> Checkpoint | None:
    """Return what the bytes of a file say; None where they say nothing."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            names = sorted(file.files)
            state = [file[name] for name in names if name.startswith("state_")]
            best = [file[name] for name in names if name.startswith("best_")]
            history, digests = (json.loads(str(file[name])) for name in ("history", "weights_sha256"))
            return Checkpoint(state, best, history, digests)
    except (EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None
