"""An Experiment that passes every check, to change."""

import copy
from typing import Any

from katib.experiment import Experiment

BODY: dict[str, Any] = {
    "apiVersion": "kubeflow.org/v1beta1",
    "kind": "Experiment",
    "metadata": {"name": "sweep"},
    "spec": {
        "objective": {
            "type": "maximize",
            "objectiveMetricName": "score",
            "metricStrategies": [{"name": "score", "value": "max"}],
        },
        "algorithm": {
            "algorithmName": "random",
            "algorithmSettings": [{"name": "random_state", "value": "7"}],
        },
        "parallelTrialCount": 1,
        "maxTrialCount": 8,
        "maxFailedTrialCount": 8,
        "resumePolicy": "Never",
        "metricsCollectorSpec": {"collector": {"kind": "StdOut"}},
        "parameters": [
            {
                "name": "x",
                "parameterType": "double",
                "feasibleSpace": {"min": "0", "max": "1", "distribution": "uniform"},
            },
            {
                "name": "n",
                "parameterType": "int",
                "feasibleSpace": {"min": "1", "max": "9", "distribution": "uniform"},
            },
        ],
        "trialTemplate": {
            "primaryContainerName": "train",
            "retain": True,
            "successCondition": 'status.conditions.#(type=="Complete")#|#(status=="True")#',
            "failureCondition": 'status.conditions.#(type=="Failed")#|#(status=="True")#',
            "trialParameters": [{"name": "x", "reference": "x"}, {"name": "n", "reference": "n"}],
            "trialSpec": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "spec": {
                    "backoffLimit": 0,
                    "template": {
                        "spec": {
                            "restartPolicy": "Never",
                            "terminationGracePeriodSeconds": 1,
                            "containers": [
                                {
                                    "name": "train",
                                    "image": "example.org/train:1",
                                    "command": ["train", "x=${trialParameters.x}", "n=${trialParameters.n}"],
                                }
                            ],
                        }
                    },
                },
            },
        },
    },
}


def body(**spec: Any) -> dict[str, Any]:
    """The object, with other fields of its spec."""
    made = copy.deepcopy(BODY)
    made["spec"].update(spec)
    return made


def experiment(**spec: Any) -> Experiment:
    """The Experiment, with other fields of its spec."""
    return Experiment(body(**spec))


def objective(
    kind: str = "maximize", strategy: str | None = None, goal: float | None = None, **more: Any
) -> Any:
    """An objective `score`."""
    told = {"name": "score", "value": strategy or ("max" if kind == "maximize" else "min")}
    made = {"type": kind, "objectiveMetricName": "score", "metricStrategies": [told], **more}
    return made if goal is None else {**made, "goal": goal}
