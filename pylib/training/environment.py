"""What the result of a training run depends on beside its inputs and hyper-parameters."""

import logging
import os
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import tensorflow as tf

from pylib import processor
from pylib.tf_config import worker_count
from pylib.training.config import TrainingConfig
from pylib.training.determinism import hold_instructions, make_deterministic, pin_threads
from pylib.training.precision import Policy, choose_policy
from pylib.training.workers import choose_strategy

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Environment:
    """Recorded in history.json: two runs give the same bytes where all but `processor` is equal.

    onednn: whether oneDNN's kernels were asked for; threads: of TensorFlow, within and between operations
    cap: the instruction set that kernels are held to, None without determinism or in half precision
    instructions: the one in force: the cap's, less where the processor has less, the best without a cap
    processor: the best instruction set that it has, which the cap keeps from changing anything
    workers: processes that train together; devices: of each, kinds, one for each; policy: Keras' dtype policy
    """

    tensorflow: str
    keras: str
    onednn: bool
    threads: int
    cap: str | None
    instructions: str
    processor: str
    workers: int
    devices: list[str]
    policy: Policy

    def decisive(self) -> dict[str, Any]:
        """All that changes the result."""
        return {name: value for name, value in asdict(self).items() if name != "processor"}


def prepare_environment(config: TrainingConfig) -> Environment:
    """Set the process up, before TensorFlow's first operation; warn where the machine lacks what it takes."""
    policy = choose_policy(config.mixed_precision)
    # Held below AVX-512, oneDNN has no kernels of half precision, and TensorFlow asks for them all the same.
    cap = hold_instructions(deterministic=config.deterministic and policy == "float32")
    if cap and (lack := processor.shortfall()):
        _LOG.warning("%s", lack)
    threads = pin_threads(config.threads)
    make_deterministic(config.seed, deterministic=config.deterministic)
    choose_strategy()  # workers find each other only before the first look at devices
    best = processor.best_instructions()
    return Environment(
        tensorflow=tf.__version__,
        keras=version("keras"),
        onednn=os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1",
        threads=threads,
        cap=cap,
        instructions=processor.instructions() if cap else best,
        processor=best,
        workers=worker_count(),
        devices=sorted(device.device_type for device in tf.config.list_logical_devices()),
        policy=policy,
    )
