"""Where a run can be watched: TensorBoard while it trains, MLflow when it is done (`mlflow_log`)."""

from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

from pylib.training.mlflow_log import warn
from pylib.training.mlflow_store import tracking_uri

__all__ = ["Write", "tensorboard", "tracking_uri"]

Write = Callable[[Mapping[str, float]], None]


def tensorboard(folder: Path) -> Write:
    """Return a function that writes an entry of the history as scalars under `folder`, one file a run.

    Where that fails, it says so once and writes no more: the model matters more than its log.
    """
    state: list[Write] = []

    def write(entry: Mapping[str, float]) -> None:
        try:
            if not state:
                state.append(_scalars(folder))
            state[0](entry)
        except (OSError, tf.errors.OpError) as error:
            warn(
                f"TensorBoard's log in {folder} cannot be written ({error}); the training goes on without it"
            )
            state[:] = [lambda _: None]

    return write


def _scalars(folder: Path) -> Write:
    writer = tf.summary.create_file_writer(str(folder))
    # tf.summary.scalar asks for the tensorboard package, which only reading them needs.
    scalars = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"})

    def write(entry: Mapping[str, float]) -> None:
        with writer.as_default(step=int(entry["epoch"])):
            for name, value in entry.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=scalars)
        writer.flush()

    return write
