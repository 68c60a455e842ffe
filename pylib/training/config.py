"""The hyper-parameters of a training run, checked as they are read, with the defaults in one place."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from pylib import THREADS
from pylib.errors import ConfigurationError, did_you_mean
from pylib.errors import one_line as short
from pylib.tasks import task as tasks

# By whether the network has first weights: fine-tuning on photographs pays for longer than the sample does.
EPOCHS = {True: 26, False: 12}


class TrainingConfig(BaseModel):
    """What every task has; a task's network adds its own. Ranges are checked, unknown names refused.

    epochs: at most that many; null: 26 from first weights, 12 without
    patience: epochs without a better validation score before stopping
    batch: items a step, over all devices; learning_rate: the highest; weight_decay: AdamW's
    schedule: cosine over all epochs, or plateau: a fifth after 5 epochs without a better validation score
    augmentation: strength in [0,1]; 0 turns it off
    adversarial_eps: learn each batch also as it misleads the model most, each pixel moved by at most so much
        of 255; 0 turns it off; three times the work
    seed: decides first weights, dropout, order and augmentation
    deterministic: the same weights, bit for bit, from the same inputs, versions and threads, on every x86-64
        machine with AVX2; without it the processor's best kernels are taken
    mixed_precision: auto uses float16 where a GPU is fast at it
    threads: TensorFlow's, whatever the machine has; part of what the result depends on
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int | None = Field(default=None, ge=1, le=10_000)
    patience: int = Field(default=12, ge=1)
    batch: int = Field(default=16, ge=1, le=4096)
    learning_rate: float = Field(default=4e-3, gt=0, le=1)
    schedule: Literal["cosine", "plateau"] = "cosine"
    weight_decay: float = Field(default=1e-4, ge=0, lt=1)
    augmentation: float = Field(default=1.0, ge=0, le=1)
    adversarial_eps: float = Field(default=0.0, ge=0, le=64)
    seed: int = Field(default=0, ge=0, lt=2**31)
    deterministic: bool = True
    mixed_precision: Literal["auto", "off", "float16", "bfloat16"] = "auto"
    threads: int = Field(default=THREADS, ge=1, le=1024)

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what pydantic takes for 0 and 1."""
        values = value if isinstance(value, list | tuple) else [value]
        if (
            any(isinstance(each, bool) for each in values)
            and cls.model_fields[str(info.field_name)].annotation is not bool
        ):
            raise ValueError("Input should not be true or false")
        return value


def training_config(task: str, **values: Any) -> TrainingConfig:
    """Check hyper-parameters that people wrote for a task, its network's among them, by name.

    Raises ConfigurationError, one line, naming each that is wrong.
    """
    config = tasks.find(task).network.Config
    try:
        return config.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(f"training configuration: {one_line(error, config.model_fields)}") from error


def one_line(error: ValidationError, known: Iterable[str] = ()) -> str:
    """Return all problems of a pydantic error in one line, each with the name of its field and its value."""
    return "; ".join(_problem(problem, known) for problem in error.errors())


def _problem(problem: Any, known: Iterable[str]) -> str:
    name = ".".join(str(part) for part in problem["loc"]) or "options"
    if problem["type"] == "extra_forbidden":
        meant = did_you_mean(name, known) or f"there are: {', '.join(sorted(known))}"
        return f"no option {name!r}; {meant}"
    return f"{name}={short(repr(problem['input']), 60)}: {problem['msg'].removeprefix('Value error, ')}"
