"""What an Experiment's fields are: names, types and choices, which the CRD leaves open.

The API server stores anything: a misspelt field is ignored, and one goal in quotes stops the controller for
every Experiment of the cluster.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, ValidationError

from katib.experiment import Body
from katib.suggest import did_you_mean

COLLECTORS = ("Custom", "File", "None", "PrometheusMetric", "Push", "StdOut", "TensorFlowEvent")
Name = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    """A part of an Experiment: unknown fields are refused, and text is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Setting(_Part):
    name: Name
    value: str


class _Algorithm(_Part):
    algorithmName: Name  # noqa: N815 (Katib's names)
    algorithmSettings: list[_Setting] = []  # noqa: N815


class _Strategy(_Part):
    name: Name
    value: Literal["latest", "max", "min"]


class _Objective(_Part):
    type: Literal["maximize", "minimize"]
    goal: StrictFloat | StrictInt | None = None
    objectiveMetricName: Name  # noqa: N815
    additionalMetricNames: list[Name] = []  # noqa: N815
    metricStrategies: list[_Strategy] = []  # noqa: N815


class _Space(_Part):
    min: str | None = None
    max: str | None = None
    step: str | None = None
    listed: list[str] | None = Field(default=None, alias="list")
    distribution: Literal["logNormal", "logUniform", "normal", "uniform"] | None = None


class _Parameter(_Part):
    name: Name
    parameterType: Literal["categorical", "discrete", "double", "int"]  # noqa: N815
    feasibleSpace: _Space  # noqa: N815


class _Path(_Part):
    path: str | None = None
    kind: Literal["Directory", "File"] | None = None
    format: Literal["JSON", "TEXT"] | None = None


class _Filter(_Part):
    metricsFormat: list[str] = []  # noqa: N815


class _Source(_Part):
    fileSystemPath: _Path | None = None  # noqa: N815
    filter: _Filter | None = None
    httpGet: dict[str, Any] | None = None  # noqa: N815


class _Collector(_Part):
    kind: Literal["Custom", "File", "None", "PrometheusMetric", "Push", "StdOut", "TensorFlowEvent"]
    customCollector: dict[str, Any] | None = None  # noqa: N815


class _Collecting(_Part):
    collector: _Collector | None = None
    source: _Source | None = None


class _TrialParameter(_Part):
    name: Name
    reference: Name
    description: str | None = None


class _Template(_Part):
    primaryContainerName: Name  # noqa: N815
    primaryPodLabels: dict[str, str] | None = None  # noqa: N815
    successCondition: str | None = None  # noqa: N815
    failureCondition: str | None = None  # noqa: N815
    retain: bool | None = None
    trialParameters: list[_TrialParameter]  # noqa: N815
    trialSpec: dict[str, Any] | None = None  # noqa: N815
    configMap: dict[str, Any] | None = None  # noqa: N815


class _Spec(_Part):
    objective: _Objective
    algorithm: _Algorithm
    earlyStopping: _Algorithm | None = None  # noqa: N815
    parameters: list[_Parameter] = []
    nasConfig: dict[str, Any] | None = None  # noqa: N815
    parallelTrialCount: StrictInt | None = None  # noqa: N815
    maxTrialCount: StrictInt | None = None  # noqa: N815
    maxFailedTrialCount: StrictInt | None = None  # noqa: N815
    resumePolicy: Literal["FromVolume", "LongRunning", "Never"] | None = None  # noqa: N815
    metricsCollectorSpec: _Collecting | None = None  # noqa: N815
    trialTemplate: _Template  # noqa: N815


class _Experiment(_Part):
    apiVersion: Literal["kubeflow.org/v1beta1"]  # noqa: N815
    kind: Literal["Experiment"]
    metadata: dict[str, Any]
    spec: _Spec
    status: dict[str, Any] | None = None


def faults(body: Body) -> Iterator[tuple[str, str]]:
    """Each field, dotted, that is not what Katib's type has there, and what is wrong with it."""
    try:
        _Experiment.model_validate(dict(body))
    except ValidationError as error:
        for each in error.errors():
            place = [part for part in each["loc"] if not _is_branch(part)]
            field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
            name = str(place[-1]) if place else ""
            message = each["msg"]
            if each["type"] == "extra_forbidden":
                message = f"there is no field {name}{did_you_mean(name, _fields(place))}"
            yield field.removeprefix("."), message


def _is_branch(part: Any) -> bool:
    """Whether pydantic names a member of a union by it."""
    return isinstance(part, str) and part in {"float", "int"}


def _fields(place: list[Any]) -> list[str]:
    """The fields that may stand where an unknown one does."""
    model: Any = _Experiment
    for part in place[:-1]:
        if isinstance(part, str):
            model = _model(model.model_fields[part].annotation)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model(annotation: Any) -> Any:
    """The model that an annotation holds: itself, one of a list, or one that may be missing."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in getattr(annotation, "__args__", ()) if (found := _model(each))), None)
