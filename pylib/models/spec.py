"""What a model is made of: the fields of model.json, enough to build the architecture again."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pylib.errors import ConfigurationError, ModelError
from pylib.models.weights_origin import WeightsOrigin as WeightsOrigin  # noqa: PLC0414 (a part of every spec)
from pylib.records import first_error
from pylib.tasks import task

SPEC_FILE = "model.json"


class ModelSpec(BaseModel):
    """What the model of every task has; an architecture adds its own.

    task: whose network it is; classes: names by class index, none where targets are numbers
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    task: str
    classes: tuple[str, ...] = ()
    weights: WeightsOrigin = WeightsOrigin()

    def dumps(self) -> str:
        """Return the JSON text of model.json: stable, so that it can be hashed."""
        return self.model_dump_json(indent=2) + "\n"


def read_spec(folder: Path) -> ModelSpec:
    """Read a model folder's model.json as its task's spec; one without a task is the first task's.

    ModelError when it is missing or not such a spec.
    """
    path = folder / SPEC_FILE
    try:
        content = json.loads(path.read_bytes())
        name = content.get("task", task.DEFAULT) if isinstance(content, dict) else task.DEFAULT
        return task.find(str(name)).network.Spec.model_validate(content)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); is {folder} a model folder?") from error
    except ValidationError as error:
        raise ModelError(f"{path}: {first_error(error, '')}; train the model again") from error
    except ConfigurationError as error:
        raise ModelError(f"{path}: {error}") from error
    except ValueError as error:
        raise ModelError(f"{path}: it is not JSON ({error}); train the model again") from error
