"""The processes that train one model together, and what they tell each other; TF_CONFIG names them."""

import functools
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pylib.errors import ConfigurationError, ModelError, one_line
from pylib.tf_config import CHIEF, TF_CONFIG, WORKER, worker_count

_DONE = b"done"
# How TensorFlow tells of a worker that is gone, or came back as another process.
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)


def choose_strategy() -> tf.distribute.Strategy:
    """Mirror the model over all workers of TF_CONFIG, over all GPUs of this machine, or take the default.

    The default costs nothing. Among workers it is for before TensorFlow's first operation, and waits for all.
    """
    if (config := os.environ.get(TF_CONFIG)) and worker_count() > 1:
        return _among_workers(config)
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


@functools.cache
def _among_workers(_config: str) -> tf.distribute.Strategy:
    """One for a process, which tells the others of itself but once.

    TensorFlow's notice of a preemption takes SIGTERM for itself, and goes on: what was to end would not.
    """
    former = signal.getsignal(signal.SIGTERM)
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, former)
    return strategy


class Workers:
    """The processes of a strategy, this one among them; by itself where the strategy is of one process."""

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self._strategy = strategy
        resolver = strategy.cluster_resolver
        addresses = resolver.cluster_spec().as_dict() if resolver else {}
        self.count = sum(map(len, addresses.values())) or 1
        self.index = self._index(addresses) if self.count > 1 else 0

    def _index(self, addresses: dict[str, list[str]]) -> int:
        resolver = self._strategy.cluster_resolver
        return int(resolver.task_id) + (len(addresses.get(CHIEF, ())) if resolver.task_type == WORKER else 0)

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that writes."""
        return self.index == 0

    def told_by_chief(self, said: bytes) -> bytes:
        """Return what the chief says, to all, when all have called this; what others say is not heard."""
        if self.count == 1:
            return said
        said = said if self.is_chief else b""
        length = int(self.total(np.array(len(said), np.int64)))
        if not length:  # TensorFlow 2.21 dies of the sum of empty tensors
            return b""
        # Sums are what workers have: of the chief's words and zeros.
        words = np.zeros(-(-length // 8), np.int64)
        words.view(np.uint8)[: len(said)] = np.frombuffer(said, np.uint8)
        return self.total(words).tobytes()[:length]

    def agree(self, fingerprint: str) -> None:
        """Refuse to train what the chief does not; raises ConfigurationError."""
        told = self.told_by_chief(fingerprint.encode()).decode()
        if told != fingerprint:
            raise ConfigurationError(
                f"worker {self.index} has other shards, hyper-parameters, versions or instructions than the"
                f" chief ({fingerprint}, not {told}); give all the same command and image"
            )

    def total(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of all workers' values, of one shape and dtype, when all have called this."""
        if self.count == 1:
            return values
        local = int(self._strategy.num_replicas_in_sync) // self.count
        # One replica of this process brings them, the others nothing.
        own = self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(
                np.zeros_like(values) if context.replica_id_in_sync_group % local else values
            )
        )
        total: NDArray[Any] = self._strategy.reduce(tf.distribute.ReduceOp.SUM, own, axis=None).numpy()
        return total

    def dismiss(self) -> None:
        """Let the others go, when the chief has written all."""
        self.told_by_chief(_DONE)

    def wait_for_chief(self) -> NoReturn:
        """End this process when it is let go: what follows is the chief's, and must not be done twice."""
        self.told_by_chief(b"")
        raise SystemExit(0)


@contextmanager
def together() -> Iterator[None]:
    """Say that another worker is gone where TensorFlow says what became of its connection.

    This process can only end: whoever started it starts it again, as a TFJob's restartPolicy does.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if worker_count() == 1 or not isinstance(error, _LOST):
            raise
        raise ModelError(
            f"another worker is gone ({type(error).__name__}: {one_line(error)});"
            " start both again, and they go on from the chief's checkpoint"
        ) from error
