"""A served model: its SeldonDeployment in a repository, and what Seldon's operator makes of it.

Source: `setContainerPredictiveUnitDefaults` and `createContainerService` in
https://github.com/SeldonIO/seldon-core/tree/v1.17.1/operator
"""

import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pylib.errors import ServingError, one_line
from pylib.records import first_error
from pylib.serving.repository import MODELS, SERVER, located

HTTP_PORT, GRPC_PORT, METRICS_PORT = 9000, 9500, 6000
"""What the operator gives the first container of a deployment."""


_WHOLE = 100


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Parameter(_Model):
    """A parameter of the graph; Seldon passes it to the predictor's constructor."""

    name: str
    value: str
    type: Literal["INT", "FLOAT", "DOUBLE", "STRING", "BOOL"]


class EnvVar(_Model):
    """A container's environment variable; one with `valueFrom` is the cluster's to fill in."""

    name: str
    value: str | None = None
    valueFrom: dict[str, Any] | None = None  # noqa: N815  (Kubernetes' name)


class Container(_Model):
    """The container that runs a unit of the graph: they share a name."""

    name: str
    image: str = ""
    env: list[EnvVar] = []


class PodSpec(_Model):
    """The part of a pod's specification that matters here."""

    containers: list[Container]


class ComponentSpec(_Model):
    """A pod of the predictor."""

    spec: PodSpec


class Graph(_Model):
    """The inference graph: here, one model."""

    name: str
    type: str = "MODEL"
    parameters: list[Parameter] = []
    children: list[dict[str, Any]] = []


class PredictorSpec(_Model):
    """One predictor of a deployment.

    traffic: per cent of the requests that it answers; shadow: whether it gets copies and answers nobody
    """

    name: str
    graph: Graph
    componentSpecs: list[ComponentSpec]  # noqa: N815  (Seldon's name)
    annotations: dict[str, str] = {}
    traffic: int = Field(default=0, ge=0, le=_WHOLE)
    shadow: bool = False


class _Addition(_Model):
    """An operation of a JSON patch: https://datatracker.ietf.org/doc/html/rfc6902#section-4.1."""

    op: Literal["add"]
    path: str = Field(pattern="^/")
    value: Any


_ADDITIONS = TypeAdapter(list[_Addition])


class _Spec(_Model):
    annotations: dict[str, str] = {}
    predictors: list[PredictorSpec] = Field(min_length=1)


class _Metadata(_Model):
    name: str


class SeldonDeployment(_Model):
    """A SeldonDeployment whose predictors' graphs are one model each: all that runs without an orchestrator.

    What is said of the deployment is said of its champion: of what is no shadow, that with most traffic.
    """

    apiVersion: Literal["machinelearning.seldon.io/v1"]  # noqa: N815
    kind: Literal["SeldonDeployment"]
    metadata: _Metadata
    spec: _Spec

    @property
    def predictor(self) -> PredictorSpec:
        """The champion; the only one, where there is no canary and no shadow."""
        return max(self.spec.predictors, key=lambda each: (not each.shadow, each.traffic))

    def alone(self, predictor: PredictorSpec) -> "SeldonDeployment":
        """The same with one of its predictors."""
        return self.model_copy(update={"spec": self.spec.model_copy(update={"predictors": [predictor]})})

    @property
    def container(self) -> Container:
        """The container that runs the model."""
        containers = [c for component in self.predictor.componentSpecs for c in component.spec.containers]
        return next(c for c in containers if c.name == self.predictor.graph.name)

    @property
    def parameters(self) -> dict[str, str]:
        """The graph's parameters by name: model_digest, data_commit, git_commit."""
        return {parameter.name: parameter.value for parameter in self.predictor.graph.parameters}

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations that the operator gives the pod, such as the limits of REST and gRPC."""
        return {**self.spec.annotations, **self.predictor.annotations}

    def environment(self, *, http: int, grpc: int, metrics: int) -> dict[str, str]:
        """Return the environment that the operator gives the model's container, for these ports.

        The container's own variables are kept, except those that only a cluster can fill in (valueFrom).
        """
        graph, container = self.predictor.graph, self.container
        parameters = [parameter.model_dump() for parameter in graph.parameters]
        return {
            **{entry.name: entry.value or "" for entry in container.env if entry.valueFrom is None},
            "PREDICTIVE_UNIT_ID": graph.name,
            "PREDICTIVE_UNIT_IMAGE": container.image,
            "PREDICTIVE_UNIT_PARAMETERS": json.dumps(parameters),
            "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(http),
            "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": str(grpc),
            "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(metrics),
            "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus",
            "PREDICTOR_ID": self.predictor.name,
            "PREDICTOR_LABELS": json.dumps({"version": self.predictor.name}),
            "SELDON_DEPLOYMENT_ID": self.metadata.name,
            "SELDON_EXECUTOR_ENABLED": "true",
        }


def read_deployment(repository: Path, name: str) -> SeldonDeployment:
    """Read the SeldonDeployment of a served model, with the server that all of them have.

    Raises ServingError where it is missing, malformed or more than a model, with one beside it.
    """
    path, server = located(repository, name), repository / SERVER
    document = _load(path)
    try:
        if server.is_file() and isinstance(document, dict):
            _add(document, _ADDITIONS.validate_python(_load(server)), path)
        _share_server(document)
    except ValidationError as error:
        raise ServingError(
            f"{server} is not a JSON patch that only adds: {first_error(error, 'the document')}"
        ) from error
    try:
        deployment = SeldonDeployment.model_validate(document)
    except ValidationError as error:
        raise ServingError(
            f"{path} is not a SeldonDeployment: {first_error(error, 'the document')}"
        ) from error
    _check_graph(path, deployment)
    return deployment


def _load(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ServingError(
            f"{path}: {error.strerror}; give the folder of a repository with {MODELS}"
        ) from error
    except yaml.YAMLError as error:
        raise ServingError(f"{path} is not one YAML document: {one_line(error)}") from error


def _add(document: Any, additions: list[_Addition], path: Path) -> None:
    """Apply a JSON patch as kustomize does; raises ServingError where there is no place for what it adds."""
    for addition in additions:
        *parents, last = addition.path.strip("/").split("/")
        target = document
        try:
            for key in parents:
                target = target[int(key) if isinstance(target, list) else key]
            target[last] = addition.value
        except (KeyError, IndexError, TypeError, ValueError) as error:
            place = addition.path.rpartition("/")[0]
            raise ServingError(f"{path} has no {place} to take {addition.path}") from error


def _share_server(document: Any) -> None:
    """Give the second predictor the server of the first, as components/canary and components/shadow do."""
    spec = document.get("spec") if isinstance(document, dict) else None
    predictors = spec.get("predictors") if isinstance(spec, dict) else None
    first, *others = predictors if isinstance(predictors, list) and predictors else [None]
    for each in others:
        if isinstance(first, dict) and isinstance(each, dict) and "componentSpecs" not in each:
            each |= {key: first[key] for key in ("annotations", "componentSpecs") if key in first}


def _check_graph(path: Path, deployment: SeldonDeployment) -> None:
    shares = [each.traffic for each in deployment.spec.predictors if not each.shadow]
    if not shares or len(deployment.spec.predictors) > len(("champion", "canary")):
        raise ServingError(f"{path}: only a model, with one canary or one shadow, runs without the operator")
    if len(shares) > 1 and sum(shares) != _WHOLE:
        raise ServingError(f"{path}: the traffic of its predictors adds up to {sum(shares)}, not to {_WHOLE}")
    for predictor in deployment.spec.predictors:
        _check_predictor(path, predictor)


def _check_predictor(path: Path, predictor: PredictorSpec) -> None:
    graph = predictor.graph
    if graph.children or graph.type != "MODEL":
        raise ServingError(f"{path}: only predictors whose graph is one MODEL run without Seldon's operator")
    containers = [c.name for component in predictor.componentSpecs for c in component.spec.containers]
    if graph.name not in containers:
        raise ServingError(f"{path}: no container is named {graph.name!r} as the graph's unit is")
