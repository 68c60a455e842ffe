"""The network: one weight a colour, on the image's mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from pylib.data.shards import ShardIndex
from pylib.errors import ModelError
from pylib.models.spec import ModelSpec, WeightsOrigin
from pylib.training.config import TrainingConfig

if TYPE_CHECKING:
    import keras

Spec = ModelSpec


class Config(TrainingConfig):
    """The hyper-parameters of a run: a linear model wants more and larger steps."""

    epochs: int | None = Field(default=60, ge=1, le=10_000)
    patience: int = Field(default=60, ge=1)
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, lt=1)


def first_weights(weights: Any, config: Config) -> tuple[Path | None, WeightsOrigin]:
    """There are none to begin with; raises ModelError where somebody gives some."""
    if weights != "none":
        raise ModelError(f"weights {weights}: a linear model starts from zeros; leave --weights out")
    return None, WeightsOrigin()


def check_weights(config: Config, weights: str) -> None:
    """What `first_weights` would say."""
    first_weights(weights, config)


def spec(config: Config, index: ShardIndex, weights: WeightsOrigin) -> ModelSpec:
    """Nothing depends on the data."""
    return ModelSpec(task=index.task, weights=weights)


def build(spec: ModelSpec, weights: Path | None) -> "keras.Model":
    """uint8 [N,H,W,3] to float32 [N,1]."""
    import keras

    images = keras.Input((None, None, 3), dtype="uint8", name="images")
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(images))
    value = keras.layers.Dense(1, kernel_initializer="zeros", name="brightness")(mean)
    return keras.Model(images, value, name="brightness")


def trained_part(model: "keras.Model") -> "keras.Model":
    """All of it."""
    return model


def lr_multipliers(model: "keras.Model", spec: ModelSpec, config: Config) -> dict[str, float]:
    """All learn alike."""
    return {}
