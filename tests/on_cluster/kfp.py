"""Plays Kubeflow Pipelines 2.16 and Argo: what they make of a compiled pipeline, pod by pod.

A step's pod has what the backend gives one and nothing else: the compiled container, its Kubernetes
settings, the containers `init`, `kfp-launcher` and `wait` beside it with the resources and the confinement
that upstream states, the profile's service account, the users of our `pipeline-install-config`. Namespace,
LimitRange, quota, Pod Security and ConfigMaps are those that the cluster has.
https://github.com/kubeflow/pipelines/blob/2.16.0/backend/src/v2/compiler/argocompiler/container.go
https://github.com/kubeflow/pipelines/blob/2.16.0/backend/src/v2/driver/driver.go
"""

import json
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.on_cluster import kfp_launcher
from tests.on_cluster.kubectl import Body

ACCOUNT = "default-editor"
ROOT = "minio://mlpipeline/private-artifacts/{namespace}/v2/artifacts"
LAUNCHER = "/kfp-launcher/launch"
SCRATCH = {
    "kfp-launcher": "/kfp-launcher",
    "gcs-scratch": "/gcs",
    "s3-scratch": "/s3",
    "minio-scratch": "/minio",
    "dot-local-scratch": "/.local",
    "dot-cache-scratch": "/.cache",
    "dot-config-scratch": "/.config",
}
ARGO = {"var-run-argo": "/var/run/argo"}
_DROPPED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
# Of Argo's executor: workflow-controller-configmap of community-distribution 26.03.
_EXECUTOR = _DROPPED | {"runAsNonRoot": True, "runAsUser": 65532}
_LAUNCHER_RESOURCES = {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m", "memory": "128Mi"}}
_DRIVER_RESOURCES = {
    "requests": {"cpu": "100m", "memory": "64Mi"},
    "limits": {"cpu": "500m", "memory": "512Mi"},
}


@dataclass(frozen=True)
class Pipeline:
    """A compiled package, taken apart."""

    spec: Body
    platform: Body

    @classmethod
    def read(cls, text: str) -> "Pipeline":
        """The two documents of a package; a pipeline without Kubernetes settings has one."""
        spec, *rest = yaml.safe_load_all(text)
        settings = rest[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"] if rest else {}
        return cls(spec, settings)

    @property
    def tasks(self) -> list[str]:
        """The tasks in an order in which each comes after what it depends on."""
        left, done = dict(self.spec["root"]["dag"]["tasks"]), list[str]()
        while left:
            ready = [name for name, task in left.items() if not set(task.get("dependentTasks", [])) - {*done}]
            assert ready, f"tasks in a circle: {sorted(left)}"
            done.extend(sorted(ready))
            for name in ready:
                del left[name]
        return done

    def task(self, step: str) -> Body:
        """A task's specification; `for-loop-1.2.fit-head` is that within a loop, in whichever iteration."""
        loop, _, inner = step.rpartition(".")
        dag = self.component(loop.partition(".")[0]) if loop else self.spec["root"]
        found: Body = dag["dag"]["tasks"][inner]
        return found

    def component(self, step: str) -> Body:
        """The component of a task."""
        found: Body = self.spec["components"][self.task(step)["componentRef"]["name"]]
        return found


@dataclass
class Driver:
    """The drivers of one run: they name what goes in and out of each task, and make its pod.

    artifacts: what each task left, by task and output, as later tasks get it
    image: runs in the place of upstream's own images, with the same resources and users
    users: of the user's container, from `pipeline-install-config`
    """

    pipeline: Pipeline
    namespace: str
    parameters: Body
    store: str
    image: str
    users: Body
    run: str = field(default_factory=lambda: str(uuid.uuid4()))
    artifacts: dict[str, Body] = field(default_factory=dict)

    def steps(self, task: str) -> list[str]:
        """Of a loop, a step an item: `for-loop-1.0.fit-head` is the first; else the task itself."""
        if "parameterIterator" not in self.pipeline.task(task):
            return [task]
        inner = self.pipeline.component(task)["dag"]["tasks"]
        assert len(inner) == 1, f"several tasks in a loop are not played here: {sorted(inner)}"
        return [f"{task}.{number}.{name}" for name in inner for number in range(len(self._items(task)))]

    def executor_input(self, task: str) -> Body:
        """What the launcher and the SDK in the step read."""
        given = self.pipeline.task(task).get("inputs", {})
        name = self.pipeline.spec["pipelineInfo"]["name"]
        place = f"{name}/{self.run}/{task.rpartition('.')[2]}/{uuid.uuid4()}"
        root = f"{ROOT.format(namespace=self.namespace)}/{place}"
        outputs = self.pipeline.component(task).get("outputDefinitions", {}).get("artifacts", {})
        return {
            "inputs": {
                "parameterValues": {
                    key: self._value(entry, task) for key, entry in given.get("parameters", {}).items()
                },
                "artifacts": {
                    key: {"artifacts": self._artifacts(entry, task)}
                    for key, entry in given.get("artifacts", {}).items()
                },
            },
            "outputs": {
                "artifacts": {
                    key: {"artifacts": [{"name": key, "uri": f"{root}/{key}", "type": entry["artifactType"]}]}
                    for key, entry in outputs.items()
                },
                "outputFile": str(kfp_launcher.local_path(root) / "output_metadata.json"),
            },
        }

    def driver_pod(self, task: str) -> Body:
        """The pod that Argo starts before the step's own, as far as the API server judges it."""
        container = {"name": "main", "image": self.image, "resources": _DRIVER_RESOURCES}
        container["securityContext"] = _DROPPED | {"runAsNonRoot": True}
        made = self._pod(f"{task}-driver", container, [])
        made["spec"]["securityContext"]["runAsNonRoot"] = True
        return made

    def pod(self, task: str, executor_input: Body) -> Body:
        """The pod of a step."""
        label = self.pipeline.component(task)["executorLabel"]
        executor = self.pipeline.spec["deploymentSpec"]["executors"][label]["container"]
        launch = [
            "python3",
            LAUNCHER,
            "--executor_input",
            json.dumps(executor_input),
            "--store",
            self.store,
            "--",
        ]
        main = {
            "name": "main",
            "image": executor["image"],
            "command": launch,
            "args": [*executor["command"], *executor.get("args", [])],
            "env": [*self._environment(executor), *_kfp_names()],
            "envFrom": [{"configMapRef": {"name": "metadata-grpc-configmap", "optional": True}}],
            "resources": resources(executor.get("resources", {}), executor_input),
            "securityContext": _DROPPED | self.users,
            "volumeMounts": _mounts(SCRATCH | ARGO),
        }
        made = self._pod(task, main, [self._copies_launcher()])
        extend(made["spec"], self.pipeline.platform.get(label, {}), executor_input)
        return made

    def keep(self, task: str, executor_input: Body, output_metadata: Body) -> None:
        """Take what a step wrote of its outputs, for the tasks after it."""
        for name, entry in executor_input["outputs"]["artifacts"].items():
            (made,) = entry["artifacts"]
            (said,) = output_metadata.get("artifacts", {}).get(name, {"artifacts": [{}]})["artifacts"]
            self.artifacts.setdefault(task, {})[name] = made | said

    def _value(self, entry: Body, step: str) -> Any:
        if "runtimeValue" in entry:
            return entry["runtimeValue"]["constant"]
        name = entry["componentInputParameter"]
        if "." in step:
            return self._value_in_loop(name, *step.split(".")[:2])
        default = self.pipeline.spec["root"]["inputDefinitions"]["parameters"][name].get("defaultValue")
        return self.parameters.get(name, default)

    def _value_in_loop(self, name: str, loop: str, number: str) -> Any:
        """The iteration's own item, or what the loop was given."""
        if name == self.pipeline.task(loop)["parameterIterator"]["itemInput"]:
            return self._items(loop)[int(number)]
        return self._value(self.pipeline.task(loop)["inputs"]["parameters"][name], loop)

    def _items(self, loop: str) -> list[Any]:
        task = self.pipeline.task(loop)
        items = task["parameterIterator"]["items"]
        if "raw" in items:
            return list(json.loads(items["raw"]))
        return list(self._value(task["inputs"]["parameters"][items["inputParameter"]], loop))

    def _artifacts(self, entry: Body, step: str) -> list[Body]:
        """One artifact; of a loop, one an iteration, in the order of its items."""
        if "componentInputArtifact" in entry:
            loop = step.partition(".")[0]
            outer = self.pipeline.task(loop)["inputs"]["artifacts"][entry["componentInputArtifact"]]
            return self._artifacts(outer, loop)
        origin = entry["taskOutputArtifact"]
        producer, key = origin["producerTask"], origin["outputArtifactKey"]
        if "dag" in self.pipeline.component(producer):
            (one,) = self.pipeline.component(producer)["dag"]["outputs"]["artifacts"][key][
                "artifactSelectors"
            ]
            key = one["outputArtifactKey"]
        return [self.artifacts[each][key] for each in self.steps(producer)]

    def _environment(self, executor: Body) -> list[Body]:
        return [{"name": each["name"], "value": each["value"]} for each in executor.get("env", [])]

    def _copies_launcher(self) -> Body:
        """`kfp-launcher`, which puts the launcher into the pod."""
        copy = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
        return {
            "name": "kfp-launcher",
            "image": self.image,
            "command": ["python3", "-c", copy, LAUNCHER, Path(kfp_launcher.__file__).read_text()],
            "resources": _LAUNCHER_RESOURCES,
            "securityContext": _DROPPED | {"runAsNonRoot": True},
            "volumeMounts": _mounts({"kfp-launcher": "/kfp-launcher"}),
        }

    def _pod(self, task: str, main: Body, before: list[Body]) -> Body:
        name = self.pipeline.spec["pipelineInfo"]["name"]
        workflow = f"{name}-{self.run[:5]}"
        ended = f"until [ -s {kfp_launcher.ENDED} ]; do sleep 0.2; done"
        argo = {"image": self.image, "securityContext": _EXECUTOR, "volumeMounts": _mounts(ARGO)}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{workflow}-{task.rpartition('.')[2]}-{uuid.uuid4().hex[:8]}",
                "namespace": self.namespace,
                "labels": {
                    "pipelines.kubeflow.org/v2_component": "true",
                    "pipeline/runid": self.run,
                    "workflows.argoproj.io/workflow": workflow,
                },
                "annotations": {
                    "sidecar.istio.io/inject": "false",  # the backend says so to each pod of a profile
                    "workflows.argoproj.io/node-name": f"{workflow}.root.{task}.executor(0)",
                },
            },
            "spec": {
                "serviceAccountName": ACCOUNT,
                "restartPolicy": "Never",
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                "initContainers": [{"name": "init", "command": ["true"], **argo}, *before],
                "containers": [{"name": "wait", "command": ["sh", "-c", ended], **argo}, main],
                "volumes": [{"name": each, "emptyDir": {}} for each in SCRATCH | ARGO],
            },
        }


def resources(compiled: Body, executor_input: Body) -> Body:
    """A container's resources: the driver reads the fields that may hold a parameter."""
    values = {
        key: _resolved(value, executor_input) for key, value in compiled.items() if isinstance(value, str)
    }
    names = {"cpu": "Cpu", "memory": "Memory"}
    made: Body = {
        side: {
            name: values[f"resource{part}{side.title().rstrip('s')}"]
            for name, part in names.items()
            if f"resource{part}{side.title().rstrip('s')}" in values
        }
        for side in ("limits", "requests")
    }
    if accelerator := compiled.get("accelerator"):
        count = _resolved(accelerator["resourceCount"], executor_input)
        made["limits"] |= {_resolved(accelerator["resourceType"], executor_input): count} if count else {}
    return made


def _resolved(text: str, executor_input: Body) -> str:
    """A value, or a parameter of the task: 2.16 reads text only, and takes a number for nothing."""
    if match := re.fullmatch(r"\{\{\$\.inputs\.parameters\['(.+)'\]\}\}", text):
        value = executor_input["inputs"]["parameterValues"][match[1]]
        return value if isinstance(value, str) else ""
    return text


def extend(spec: Body, settings: Body, executor_input: Body) -> None:
    """A pod's Kubernetes settings (driver/k8s.go); what 2.16 compiles and ignores is left out here too."""
    main = spec["containers"][-1]
    for key, value in settings.items():
        match key:
            case "configMapAsEnv" | "secretAsEnv":
                kind = "configMap" if key == "configMapAsEnv" else "secret"
                main["env"] += [each for source in value for each in _from(kind, source, executor_input)]
            case "fieldPathAsEnv":
                fields = ((each["name"], {"fieldPath": each["fieldPath"]}) for each in value)
                main["env"] += [{"name": name, "valueFrom": {"fieldRef": path}} for name, path in fields]
            case "tolerations":
                spec["tolerations"] = [{k: v for k, v in each.items() if v != {}} for each in value]
            case "activeDeadlineSeconds":
                pass
            case _:
                raise AssertionError(f"a Kubernetes setting that is not played here: {key}")


def _from(kind: str, source: Body, executor_input: Body) -> list[Body]:
    parameter = source.get(f"{kind}NameParameter", {}).get("runtimeValue", {}).get("constant")
    name = _resolved(parameter or source[f"{kind}Name"], executor_input)
    optional = {"optional": source["optional"]} if "optional" in source else {}
    return [
        {
            "name": each["envVar"],
            "valueFrom": {f"{kind}KeyRef": {"name": name, "key": each[f"{kind}Key"], **optional}},
        }
        for each in source["keyToEnv"]
    ]


def _kfp_names() -> list[Body]:
    fields = {"KFP_POD_NAME": "metadata.name", "KFP_POD_UID": "metadata.uid"}
    return [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()]


def _mounts(places: dict[str, str]) -> list[Body]:
    return [{"name": name, "mountPath": path} for name, path in places.items()]
