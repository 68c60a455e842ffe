"""What names a table of features: all that its rows depend on beside the image."""

import hashlib
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel

from pylib import THREADS, processor
from pylib.data.dataset import SampleBits
from pylib.data.shards import ShardIndex
from pylib.models.weights_origin import WeightsOrigin
from pylib.provenance import closure
from pylib.provenance.digests import dir_hash
from pylib.records import Record

COMPUTES = "pylib.features.compute"
"""The module whose code, with all that it uses, decides a row's bits."""


class TableKey(Record):
    """The name of a table in words; `digest` is where it lies.

    weights: SHA-256 of their file, None for the random ones, which follow from the code
    code: dirHash of the files of pylib that compute a row
    devices: kinds of processors and names of GPUs; machine: the instruction set that kernels are held to
    """

    task: str
    backbone: str
    alpha: float
    weights: str | None
    image_size: int
    sample_bits: SampleBits = None
    code: str
    tensorflow: str
    keras: str
    threads: int
    devices: list[str]
    machine: str

    @property
    def digest(self) -> str:
        """SHA-256, hex, of the record."""
        return hashlib.sha256(self.dumps()).hexdigest()

    @property
    def name(self) -> str:
        """What a person tells tables apart by, such as `mobilenet_v2 0.35, 128 pixels, weights 8e3b6c…`."""
        weights = f"weights {self.weights[:12]}" if self.weights else "random weights"
        return f"{self.backbone} {self.alpha:g}, {self.image_size} pixels, {weights}, code {self.code[:12]}"


def table_key(index: ShardIndex, config: BaseModel, weights: WeightsOrigin) -> TableKey:
    """Name the table of such images, of this network, on this machine; imports TensorFlow for its devices."""
    import tensorflow as tf

    held = processor.instructions()
    return TableKey(
        task=index.task,
        weights=weights.sha256,
        image_size=index.image_size,
        sample_bits=index.sample_bits,
        code=dir_hash(closure.files(COMPUTES, index.task)),
        tensorflow=tf.__version__,
        keras=version("keras"),
        threads=THREADS,
        devices=sorted(_name(device) for device in tf.config.list_physical_devices()),
        machine=processor.model_name() if held == processor.UNKNOWN else held,
        **config.model_dump(),
    )


def _name(device: Any) -> str:
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(device)
    return str(details.get("device_name", device.device_type))
