"""Plays Katib 0.19: what its controller and its webhook make of one trial, and what is written of it.

A trial's pod has what the webhook gives it and nothing else: the template's own containers, the command of
the first joined by spaces into `sh -c` with its output in a file, and a collector beside it that shares that
file. The collector here waits for the mark that the command ends with, as Katib's does, and prints what it
finds.
https://github.com/kubeflow/katib/blob/v0.19.0/pkg/webhook/v1beta1/pod/inject_webhook.go
https://github.com/kubeflow/katib/blob/v0.19.0/pkg/webhook/v1beta1/pod/utils.go
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from katib.collectors import Reported, metric_names
from katib.experiment import Experiment
from katib.substitution import trial_object
from preflight.admission.katib import LIMITS, REQUESTS
from tests.on_cluster.kubectl import Body

LOG = "/var/log/katib/metrics.log"
COLLECTOR = "metrics-logger-and-collector"
SECONDS = 900
_LABEL = "katib.kubeflow.org/trial"
_MOUNT = {"name": "metrics-volume", "mountPath": "/var/log/katib"}
_WATCH = f"""\
i=0
until grep -q completed /var/log/katib/*.pid 2>/dev/null; do
  sleep 1; i=$((i+1)); [ $i -lt {SECONDS} ] || exit 1
done
cat {LOG}
"""


def job(experiment: Experiment, assignments: Mapping[str, str], image: str) -> Body:
    """The Job of a trial under a new name; `image` runs in the place of Katib's own collector."""
    name = f"{experiment.name}-{uuid.uuid4().hex[:8]}"
    made: Any = trial_object(experiment, name, assignments)
    template = made["spec"]["template"]
    labels = {"katib.kubeflow.org/experiment": experiment.name, _LABEL: name}
    template["metadata"] = {"labels": {**template.get("metadata", {}).get("labels", {}), **labels}}
    _inject(template["spec"], str(experiment.template["primaryContainerName"]), image)
    return dict(made)


def _inject(pod: Any, primary: str, image: str) -> None:
    container = next(each for each in pod["containers"] if each["name"] == primary)
    name = {
        "name": "KATIB_TRIAL_NAME",
        "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{_LABEL}']"}},
    }
    container["env"] = [*container.get("env", []), name]
    container["volumeMounts"] = [*container.get("volumeMounts", []), _MOUNT]
    words = [*container["command"], *container.get("args", [])]
    shell, words = (
        (words[:2], words[2:]) if words[:2] in (["sh", "-c"], ["bash", "-c"]) else (["sh", "-c"], words)
    )
    # `$$$$` is `$$` once the kubelet has read it, and the shell's own number then.
    line = [*words, f"1>{LOG} 2>&1", "&&", "echo completed > /var/log/katib/$$$$.pid"]
    container |= {"command": shell, "args": [" ".join(line)]}
    pod["containers"].append(
        {
            "name": COLLECTOR,
            "image": image,
            "command": ["sh", "-c", _WATCH],
            "resources": {"requests": REQUESTS, "limits": LIMITS},
            "volumeMounts": [_MOUNT],
        }
    )
    pod["shareProcessNamespace"] = True
    pod.setdefault("volumes", []).append({"name": _MOUNT["name"], "emptyDir": {}})


def succeeded(
    experiment: Experiment, trial: str, assignments: Mapping[str, str], reported: Sequence[Reported]
) -> Body:
    """The status of an Experiment whose only trial succeeded."""
    metrics = [
        _metric(name, [each.value for each in reported if each.name == name])
        for name in metric_names(experiment)
    ]
    return {
        "conditions": [
            _condition("Created", "ExperimentCreated", "Experiment is created"),
            _condition("Running", "ExperimentRunning", "Experiment is running", "False"),
            _condition(
                "Succeeded",
                "ExperimentMaxTrialsReached",
                "Experiment has succeeded because max trial count has reached",
            ),
        ],
        "trials": 1,
        "trialsSucceeded": 1,
        "currentOptimalTrial": {
            "bestTrialName": trial,
            "parameterAssignments": [{"name": name, "value": value} for name, value in assignments.items()],
            "observation": {"metrics": metrics},
        },
    }


def _metric(name: str, values: Sequence[str]) -> Body:
    numbers = sorted(values, key=float)
    return {"name": name, "min": numbers[0], "max": numbers[-1], "latest": values[-1]}


def _condition(kind: str, reason: str, message: str, status: str = "True") -> Body:
    return {"type": kind, "status": status, "reason": reason, "message": message}
