"""Threads and seeds."""

import subprocess
import sys

from pylib.training.determinism import available_cores

PINNED = """
import tensorflow as tf
from pylib.errors import ConfigurationError
from pylib.training.determinism import pin_threads
assert pin_threads(3) == 3
assert tf.config.threading.get_intra_op_parallelism_threads() == 3
assert tf.config.threading.get_inter_op_parallelism_threads() == 3
tf.zeros(()).numpy()
assert pin_threads(3) == 3
try:
    pin_threads(5)
except ConfigurationError as error:
    print(error)
"""


def test_threads_are_pinned_before_the_first_operation_and_never_changed_in_silence() -> None:
    done = subprocess.run([sys.executable, "-c", PINNED], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("threads=5: TensorFlow already runs with 3")
    assert done.stdout.count("\n") == 1


def test_there_is_a_core() -> None:
    assert available_cores() >= 1
