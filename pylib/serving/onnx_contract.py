"""What an exported model declares of itself: the one reader of it, for the server and for the evaluation.

model.onnx takes one input, images uint8 [N,H,W,3], and gives its task's outputs by name. Its metadata_props
are `format` "2", `task`, `classes` (JSON list of names by index) and `image_size` (pixels). Format "1" has no
task. `sample_bits` is there where the model learned from images with more than 8 bits a sample: how many of
those are in use, in what it is asked too. `confidence_threshold`, in [0,1], is there where the model says
below which confidence its answer is unsure.
"""

import json
from dataclasses import dataclass

import onnxruntime

from pylib.errors import ModelError, one_line
from pylib.tasks import task

_FORMATS = ("1", "2")
_SIZES = ("H", "W")  # as `canonical` names them
_PROVIDERS = ["CPUExecutionProvider"]


@dataclass(frozen=True)
class Tensor:
    """An input or output: its name, its type as ONNX writes it, its shape with names for free dimensions."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True)
class Contract:
    """What a model declares.

    image_size: side, in pixels, of the squares that it learned from
    confidence_threshold: below it an answer is unsure; 0 where none is
    """

    task: str
    classes: list[str]
    image_size: int
    input: Tensor
    outputs: tuple[Tensor, ...]
    sample_bits: int | None = None
    confidence_threshold: float = 0.0


def open_model(
    data: bytes, options: onnxruntime.SessionOptions | None = None
) -> tuple[onnxruntime.InferenceSession, Contract]:
    """Open the content of a model.onnx on the CPU, and read its contract.

    Free sizes of its images become `image_size`, of which it learned: known shapes save a twelfth of the time
    that a U-Net takes, and change its last bits, so that evaluation and server must do the same.
    Raises ModelError, one line without the model's name, where it is not a model that was exported here.
    """
    options = options or onnxruntime.SessionOptions()
    try:
        contract = _read(_as_it_is(data))
        for name in _SIZES:
            options.add_free_dimension_override_by_name(name, contract.image_size)
        return onnxruntime.InferenceSession(data, options, providers=_PROVIDERS), contract
    except ModelError:
        raise
    except Exception as error:  # onnxruntime raises many classes of its own
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise ModelError(f"not a model that was exported for serving ({reason})") from error


def _as_it_is(data: bytes) -> onnxruntime.InferenceSession:
    """A session that costs little, to ask what the model declares: not prepared to run."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(data, options, providers=_PROVIDERS)


def _read(session: onnxruntime.InferenceSession) -> Contract:
    metadata = session.get_modelmeta().custom_metadata_map
    if metadata.get("format", "1") not in _FORMATS:
        raise ModelError(f"its format is {metadata['format']!r}, newer than this pylib reads: update pylib")
    (images,) = (_tensor(each) for each in session.get_inputs())
    return Contract(
        task=metadata.get("task", task.DEFAULT),
        classes=[str(name) for name in json.loads(metadata["classes"])],
        image_size=int(metadata["image_size"]),
        input=images,
        outputs=tuple(_tensor(each) for each in session.get_outputs()),
        sample_bits=int(metadata["sample_bits"]) if "sample_bits" in metadata else None,
        confidence_threshold=float(metadata.get("confidence_threshold", 0)),
    )


def _tensor(value: onnxruntime.NodeArg) -> Tensor:
    return Tensor(value.name, value.type, tuple(value.shape))
