"""A training run in MLflow, written when it is done; a tracker that fails costs one line, never the model.

A run is open there only while it is written. One that could not be written to its end is ended as FAILED;
where even that was not possible (the tracker was gone, the process was killed) the next run that is written
to the same experiment ends it as KILLED.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pylib.errors import one_line
from pylib.provenance.tries import NODE
from pylib.training.mlflow_names import legal
from pylib.training.mlflow_store import connect, experiment_id

if TYPE_CHECKING:
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    from pylib.training.checkpoints import History

Status = Literal["FINISHED", "FAILED"]
Entry = TypeVar("Entry")

NAMES = "metric_name."
"""Before the MLflow name of a metric, in a tag whose value is what the metric is really called."""
WRITER = "pylib.writer"
"""A tag: who writes a run, a host's process or a try of a cluster's step."""
REASON = "pylib.failure"
"""A tag: why a run failed."""

_A_CALL = {"metrics": 1000, "params": 100, "tags": 100}
_LONGEST = {"params": 6000, "tags": 5000}
"""MLflow's limits (`mlflow.utils.validation`), and an older one for tags."""
_WAIT_SECONDS = 60.0


def warn(said: str) -> None:
    """Say what a person should know of a run that goes on; `pylib run` leaves such a line on the screen."""
    print(f"warning: {one_line(said, 500)}", flush=True)  # noqa: T201


class MlflowLog:
    """One MLflow run, written at the end in a few calls.

    Importing MLflow and making its database takes seconds, so a thread does that while the model trains.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri, self.experiment = uri, experiment
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
        self._client: Future[MlflowClient] | None = None

    def open(self) -> None:
        """Begin to open the store; the first call counts. Where it cannot be opened, that is said at once."""
        if self._client is None:
            self._client = self._pool.submit(connect, self.uri)
            self._client.add_done_callback(self._tell)

    def _tell(self, opened: "Future[MlflowClient]") -> None:
        if not opened.cancelled() and (error := opened.exception()):
            warn(f"MLflow at {self.uri}: {one_line(error)}; it is tried again when the training is done")

    def write(
        self,
        params: Mapping[str, Any],
        history: "History",
        tags: Mapping[str, str],
        started: float,
        *,
        status: Status = "FINISHED",
    ) -> str | None:
        """Log a run that started at that time (seconds since 1970) and ended so; return its id, or None."""
        if self._client is None or (self._client.done() and self._client.exception()):
            self._client = self._pool.submit(connect, self.uri)
        written = self._pool.submit(self._write, params, history, tags, started, status)
        try:
            return written.result(timeout=_WAIT_SECONDS)
        except Exception as error:  # noqa: BLE001  # whatever a tracking server does, the model is kept
            late = isinstance(error, TimeoutError) and not written.done()
            reason = f"no answer within {_WAIT_SECONDS:g} s" if late else one_line(error)
            warn(f"MLflow at {self.uri}: the run was not logged ({reason}); nothing else depends on it")
            return None
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _write(
        self,
        params: Mapping[str, Any],
        history: "History",
        tags: Mapping[str, str],
        started: float,
        status: Status,
    ) -> str:
        assert self._client is not None  # noqa: S101  # for mypy: write opened it
        client = self._client.result()
        experiment = experiment_id(client, self.experiment, self.uri)
        return write_run(client, experiment, params, history, tags, started, status)


def write_run(
    client: "MlflowClient",
    experiment: str,
    params: Mapping[str, Any],
    history: "History",
    tags: Mapping[str, str],
    started: float,
    status: Status = "FINISHED",
    also: Callable[[str], None] = lambda _run: None,
) -> str:
    """Write a run whole, as above; `also` is called with its id before it is ended. Return its id."""
    end_abandoned(client, experiment)
    run = client.create_run(experiment, start_time=int(started * 1000), tags={WRITER: _writer()})
    with _ended(client, run.info.run_id, status):
        _log(client, run.info.run_id, _metrics(history), _params(params), _tags(history, tags))
        also(run.info.run_id)
    return str(run.info.run_id)


@contextmanager
def _ended(client: "MlflowClient", run: str, status: Status) -> Iterator[None]:
    """End a run when the block does: as it went, or as FAILED where it could not be written."""
    try:
        yield
    except Exception as error:
        with suppress(Exception):  # the status matters more than the reason
            client.set_tag(run, REASON, one_line(error))
        with suppress(Exception):  # the tracker is gone: the next run ends this one
            client.set_terminated(run, "FAILED")
        raise
    client.set_terminated(run, status)


def _log(
    client: "MlflowClient",
    run: str,
    metrics: "Sequence[Metric]",
    params: "Sequence[Param]",
    tags: "Sequence[RunTag]",
) -> None:
    for part in _batches(params, _A_CALL["params"]):
        client.log_batch(run, params=part)
    for part in _batches(tags, _A_CALL["tags"]):
        client.log_batch(run, tags=part)
    for part in _batches(metrics, _A_CALL["metrics"]):
        client.log_batch(run, metrics=part)


def _batches(entries: Sequence[Entry], size: int) -> Iterable[Sequence[Entry]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))


def _metrics(history: "History") -> "list[Metric]":
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    return [
        Metric(legal(name), value, now, int(entry["epoch"]))
        for entry in history
        for name, value in entry.items()
        if name != "epoch"
    ]


def _params(params: Mapping[str, Any]) -> "list[Param]":
    from mlflow.entities import Param

    return [Param(legal(name), _text(str(value), "params")) for name, value in params.items()]


def _tags(history: "History", tags: Mapping[str, str]) -> "list[RunTag]":
    """What was given, and the real name of each metric that has another one in MLflow."""
    from mlflow.entities import RunTag

    names = {name for entry in history for name in entry}
    renamed = {f"{NAMES}{legal(name)}": name for name in sorted(names) if legal(name) != name}
    return [RunTag(name, _text(value, "tags")) for name, value in {**renamed, **tags}.items()]


def _text(value: str, kind: str) -> str:
    """A value that MLflow takes: not too long, and without what no database encodes."""
    sound = value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return sound if len(sound) <= _LONGEST[kind] else f"{sound[: _LONGEST[kind] - 1]}…"


def _writer() -> str:
    return os.environ.get(NODE) or f"{socket.gethostname()}:{os.getpid()}"


def end_abandoned(client: "MlflowClient", experiment: str) -> None:
    """End what was left open: its process was killed, or the tracker went away before the end."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        if _is_gone(run.data.tags.get(WRITER, "")):
            client.set_tag(run.info.run_id, REASON, "it was not written to its end")
            client.set_terminated(run.info.run_id, "KILLED")


def _is_gone(writer: str) -> bool:
    """Whether a writer has ended for sure: a former try of this step, a process that this host had."""
    if node := os.environ.get(NODE):
        return writer.partition("(")[0] == node.partition("(")[0]
    host, _, process = writer.rpartition(":")
    if host != socket.gethostname() or not process.isdigit():
        return False
    if int(process) == os.getpid():
        return True  # it writes one run after another
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
