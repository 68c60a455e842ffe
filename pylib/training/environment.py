"""What the result of a training run depends on beside its inputs and hyper-parameters."""

import os
from dataclasses import dataclass
from importlib.metadata import version

import tensorflow as tf

from pylib.training.config import TrainingConfig
from pylib.training.determinism import make_deterministic, pin_threads
from pylib.training.precision import Policy, choose_policy


@dataclass(frozen=True)
class Environment:
    """Recorded in history.json: two runs give the same bytes where all of this is equal.

    onednn: whether oneDNN's kernels were asked for; threads: of TensorFlow, within and between operations
    devices: kinds, one for each; policy: Keras' dtype policy
    """

    tensorflow: str
    keras: str
    onednn: bool
    threads: int
    devices: list[str]
    policy: Policy


def prepare_environment(config: TrainingConfig) -> Environment:
    """Set the process up, before TensorFlow's first operation."""
    threads = pin_threads(config.threads)
    make_deterministic(config.seed, deterministic=config.deterministic)
    return Environment(
        tensorflow=tf.__version__,
        keras=version("keras"),
        onednn=os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1",
        threads=threads,
        devices=sorted(device.device_type for device in tf.config.list_logical_devices()),
        policy=choose_policy(config.mixed_precision),
    )
