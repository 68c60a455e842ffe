"""Where a run can be watched: TensorBoard while it trains, MLflow when it is done.

A log that fails never costs a trained model: MLflow's errors become one warning.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from pylib.errors import one_line

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from pylib.training.checkpoints import History

_LOG = logging.getLogger(__name__)
_METRICS_A_CALL = 1000  # MLflow's limit
_WAIT_SECONDS = 60.0


def tracking_uri(folder: Path) -> str:
    """Return `MLFLOW_TRACKING_URI` where it is set, else SQLite in this folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder.resolve() / 'mlflow.db'}"


def tensorboard(folder: Path) -> Callable[[Mapping[str, float]], None]:
    """Return a function that writes an entry of the history as scalars under `folder`, one file a run."""
    writer = tf.summary.create_file_writer(str(folder))
    # tf.summary.scalar asks for the tensorboard package, which only reading them needs.
    scalars = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"})

    def write(entry: Mapping[str, float]) -> None:
        with writer.as_default(step=int(entry["epoch"])):
            for name, value in entry.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=scalars)
        writer.flush()

    return write


class MlflowLog:
    """One MLflow run, written at the end in a few calls.

    Importing MLflow and making its database takes seconds, so a thread does that while the model trains.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri, self.experiment = uri, experiment
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
        self._client: Future[MlflowClient] | None = None

    def open(self) -> None:
        """Begin to open the store; the first call counts."""
        if self._client is None:
            self._client = self._pool.submit(_connect, self.uri)

    def write(
        self, params: Mapping[str, Any], history: "History", tags: Mapping[str, str], started: float
    ) -> str | None:
        """Log a finished run that started at that time (seconds since 1970); return its id, or None."""
        self.open()
        written = self._pool.submit(self._write, params, history, tags, started)
        try:
            return written.result(timeout=_WAIT_SECONDS)
        except Exception as error:  # noqa: BLE001  # whatever a tracking server does, the model is kept
            reason = one_line(error)
            _LOG.warning("MLflow at %s: the run was not logged (%s); the model is kept", self.uri, reason)
            return None
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _write(
        self, params: Mapping[str, Any], history: "History", tags: Mapping[str, str], started: float
    ) -> str:
        from mlflow.entities import Metric, Param, RunTag

        assert self._client is not None  # noqa: S101  # for mypy: write opened it
        client = self._client.result()
        now = int(time.time() * 1000)
        metrics = [
            Metric(name, value, now, int(entry["epoch"]))
            for entry in history
            for name, value in entry.items()
            if name != "epoch"
        ]
        run = client.create_run(_experiment(client, self.experiment), start_time=int(started * 1000))
        fields = [Param(name, str(value)) for name, value in params.items()]
        labels = [RunTag(name, value) for name, value in tags.items()]
        client.log_batch(run.info.run_id, params=fields, tags=labels)
        for start in range(0, len(metrics), _METRICS_A_CALL):
            client.log_batch(run.info.run_id, metrics=metrics[start : start + _METRICS_A_CALL])
        client.set_terminated(run.info.run_id)
        return str(run.info.run_id)


def _connect(uri: str) -> "MlflowClient":
    # A server that is down should be noticed in seconds; MLflow's own default tries for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for noisy in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient

    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(uri)
    client.search_experiments(max_results=1)
    return client


def _experiment(client: "MlflowClient", name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))
