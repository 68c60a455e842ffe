"""Schema tables of Katib's kinds, whose CRDs accept anything: from the models of Katib's own SDK.

The models (`kubeflow_katib_api`, pydantic) know fields and types. What they leave open, and Katib's code does
not, is added here: enumerations and required fields, from v0.19.0's `pkg/apis/controller` and its webhook.
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

from preflight.schemas.sharing import share
from preflight.schemas.structural import Schema

KINDS = ("Experiment", "Suggestion", "Trial")
ENUMS = {
    "V1beta1CollectorSpec.kind": ["Custom", "File", "PrometheusMetric", "Push", "StdOut", "TensorFlowEvent"],
    "V1beta1ExperimentSpec.resumePolicy": ["FromVolume", "LongRunning", "Never"],
    "V1beta1FeasibleSpace.distribution": ["logNormal", "logUniform", "normal", "uniform"],
    "V1beta1FileSystemPath.format": ["JSON", "TEXT"],
    "V1beta1FileSystemPath.kind": ["Directory", "File"],
    "V1beta1MetricStrategy.value": ["latest", "max", "min"],
    "V1beta1ObjectiveSpec.type": ["maximize", "minimize"],
    "V1beta1ParameterSpec.parameterType": ["categorical", "discrete", "double", "int"],
}
REQUIRED = {
    "V1beta1AlgorithmSetting": ["name", "value"],
    "V1beta1AlgorithmSpec": ["algorithmName"],
    "V1beta1CollectorSpec": ["kind"],
    "V1beta1EarlyStoppingSetting": ["name", "value"],
    "V1beta1EarlyStoppingSpec": ["algorithmName"],
    "V1beta1Experiment": ["spec"],
    "V1beta1ExperimentSpec": ["algorithm", "objective", "trialTemplate"],
    "V1beta1MetricStrategy": ["name", "value"],
    "V1beta1ObjectiveSpec": ["objectiveMetricName", "type"],
    "V1beta1ParameterSpec": ["feasibleSpace", "name", "parameterType"],
    "V1beta1TrialParameterSpec": ["name", "reference"],
    "V1beta1TrialTemplate": ["primaryContainerName", "trialParameters"],
}
META = "IoK8sApimachineryPkgApisMetaV1ObjectMeta"  # checked with every object's metadata
INT_OR_STRING = "IoK8sApimachineryPkgUtilIntstrIntOrString"
QUANTITY = "IoK8sApimachineryPkgApiResourceQuantity"
OPEN: dict[str, Schema] = {
    META: {"type": "object"},
    INT_OR_STRING: {"type": ["integer", "string"]},
    QUANTITY: {"type": ["number", "string"]},
}


def schemas() -> dict[str, Schema]:
    """Each kind's schema by its name, of the SDK that is installed."""
    models = import_module("kubeflow_katib_api.models")  # 0.7 s, and it has no types
    made = {}
    for kind in KINDS:
        name = f"V1beta1{kind}"
        whole = getattr(models, name).model_json_schema(by_alias=True)
        made[kind] = share(_node(whole, name, whole.get("$defs", {})))
    return made


def source() -> str:
    """Where the schemas are from."""
    return f"kubeflow_katib_api {version('kubeflow_katib_api')}"


def _node(schema: Schema, name: str, definitions: dict[str, Schema]) -> Schema:
    """A model's schema, strict and without prose, with what it refers to in place."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return OPEN.get(name) or _node(definitions[name], name, definitions)
    if "anyOf" in schema:
        return _choice(schema, name, definitions)
    made: Schema = {"type": schema["type"]} if "type" in schema else {}
    if "items" in schema:
        made["items"] = _node(schema["items"], name, definitions)
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _node(schema["additionalProperties"], name, definitions)
    if "properties" in schema:
        made |= _fields(schema, name, definitions)
    return made


def _fields(schema: Schema, name: str, definitions: dict[str, Schema]) -> Schema:
    properties = {field: _node(below, name, definitions) for field, below in schema["properties"].items()}
    for field, below in properties.items():
        if f"{name}.{field}" in ENUMS:
            below["enum"] = ENUMS[f"{name}.{field}"]
    made: Schema = {"properties": properties, "additionalProperties": False}
    required = sorted({*schema.get("required", []), *REQUIRED.get(name, [])})
    return {**made, "required": required} if required else made


def _choice(schema: Schema, name: str, definitions: dict[str, Schema]) -> Schema:
    """Optional is written as `X or null`, and a number as `number or integer`."""
    made = [_node(each, name, definitions) for each in schema["anyOf"] if each.get("type") != "null"]
    types: list[Any] = [each.get("type") for each in made]
    if types == ["number", "integer"]:
        return {"type": "number"}
    return made[0] if len(made) == 1 else {"anyOf": made}
