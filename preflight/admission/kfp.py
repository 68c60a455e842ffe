"""The pods of a pipeline's run, as Kubeflow Pipelines 2.16 and Argo Workflows 3.7 make them.

A task is a driver's pod and then, unless it is cached, the step's own. Every pod has Argo's `init` and `wait`
beside the `main` container, the step's also `kfp-launcher`. kubeflow/pipelines 2.16.0: backend/src/v2/driver
and backend/src/v2/compiler/argocompiler; of argo-workflows v3.7.3: workflow/controller/workflowpod.go.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from katib.experiment import value_at
from preflight.admission.made import Made, container
from preflight.admission.mesh import INJECT
from preflight.render.cluster import Render
from preflight.render.pods import PodTemplate
from preflight.render.resources import Body, Origin, Resource

DRIVER = {"requests": {"cpu": "0.1", "memory": "64Mi"}, "limits": {"cpu": "0.5", "memory": "0.5Gi"}}
LAUNCHER = {"requests": {"cpu": "0.1"}, "limits": {"cpu": "0.5", "memory": "128Mi"}}
# Neither gains rights, and the driver and the launcher do not run as root.
CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
NOT_ROOT = {**CONFINED, "runAsNonRoot": True}
POD_SECURITY = {"seccompProfile": {"type": "RuntimeDefault"}}
# The settings of Kubeflow Pipelines that say which user a step is.
USER = {"runAsUser": "defaultSecurityContextRunAsUser", "runAsNonRoot": "defaultSecurityContextRunAsNonRoot"}
# What a step's compiled resources are called, newly and as before 2.14, and the unit of the older one.
RESOURCES = {
    ("requests", "cpu"): ("resourceCpuRequest", "cpuRequest", ""),
    ("limits", "cpu"): ("resourceCpuLimit", "cpuLimit", ""),
    ("requests", "memory"): ("resourceMemoryRequest", "memoryRequest", "G"),
    ("limits", "memory"): ("resourceMemoryLimit", "memoryLimit", "G"),
}


@dataclass(frozen=True)
class Argo:
    """What the cluster adds to every pod of a run: Argo's containers, defaults and deadline."""

    executor: Body
    main: Body
    deadline: Any
    user: Body

    def pod(self, what: str, template: PodTemplate, main: Body, field: str, *, launched: bool) -> Made:
        """A pod whose own work is `main`."""
        resources = {
            part: {**(value_at(self.main, f"resources.{part}") or {}), **(main["resources"].get(part) or {})}
            for part in ("requests", "limits")
        }
        told, security = self.executor.get("resources") or {}, self.executor.get("securityContext")
        before = [container("init", told, security)]
        before += [container("kfp-launcher", LAUNCHER, NOT_ROOT)] if launched else []
        beside = [container("wait", told, security), {**main, "resources": resources}]
        return Made(
            template,
            "",
            what,
            {INJECT: "false"},
            before=tuple(before),
            beside=tuple(beside),
            fields={"main": field} if field else {},
        )

    def driver(self, task: str, resource: Resource) -> Made:
        """The pod that decides what a task, a loop or a condition does."""
        spec = {"securityContext": {**POD_SECURITY, "runAsNonRoot": True}, **self._deadline}
        template = PodTemplate(resource, "", {}, spec)
        return self.pod(
            f"the driver of {task}", template, container("main", DRIVER, NOT_ROOT), "", launched=False
        )

    def step(self, task: str, resource: Resource, field: str, resources: Body) -> Made:
        """The pod of a step's own code."""
        template = PodTemplate(resource, field, {}, {"securityContext": POD_SECURITY, **self._deadline})
        main = container("main", resources, {**CONFINED, **self.user})
        return self.pod(f"step {task}", template, main, f"{field}.resources", launched=True)

    @property
    def _deadline(self) -> Body:
        return {"activeDeadlineSeconds": self.deadline} if self.deadline else {}


def argo(render: Render) -> Argo:
    """The settings of a render; where it has none, nobody can say that a pod is not confined."""
    data = _data(render, "workflow-controller-configmap")
    install = _data(render, "pipeline-install-config")
    user = {name: yaml.safe_load(str(install[key])) for name, key in USER.items() if install.get(key)}
    defaults = _loaded(data.get("workflowDefaults"))
    return Argo(
        _loaded(data.get("executor")) if data else {"securityContext": NOT_ROOT},
        _loaded(data.get("mainContainer")),
        value_at(defaults, "spec.activeDeadlineSeconds"),
        user if install else {"runAsNonRoot": True},
    )


def compiled(file: Path, tree: Path) -> tuple[Resource, list[Any]]:
    """A compiled pipeline as an object that findings may name, and its documents."""
    documents = list(yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    origin = Origin(file.relative_to(tree).as_posix(), upstream=False)
    return Resource("pipelines", {"kind": "Pipeline", "metadata": {"name": file.stem}}, origin), documents


def resources_of(executor: Any, values: dict[str, Any]) -> Body:
    """What a step asks for, with the parameters of its task; what nobody knows yet is left out."""
    asked: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    *amounts, kind, count = resources_written(executor, values)
    for (part, name), value in zip(RESOURCES, amounts, strict=True):
        if value and not is_open(value):
            asked[part][name] = value
    if kind and count and not is_open(kind + count):
        asked["limits"][kind] = count
    return asked


def resources_written(executor: Any, values: dict[str, Any]) -> list[str]:
    """As many texts as RESOURCES has, then a device's kind and number, with the values that are known."""
    told = value_at(executor, "container.resources") or {}
    written = [
        told.get(new) or (f"{told[old]}{unit}" if told.get(old) else "")
        for new, old, unit in RESOURCES.values()
    ]
    written.append(value_at(told, "accelerator.resourceType") or value_at(told, "accelerator.type"))
    written.append(value_at(told, "accelerator.resourceCount") or value_at(told, "accelerator.count"))
    return [resolved(each, values) for each in written]


def is_open(text: str) -> bool:
    """Whether a value is still missing in it."""
    return "{{$" in text


def resolved(written: Any, values: dict[str, Any]) -> str:
    """A text in which `{{$.inputs.parameters['NAME']}}` stands for a value, with those that are known."""
    text = str(written or "")
    for name, value in values.items():
        for quote in "'\"":
            place = f"{{{{$.inputs.parameters[{quote}{name}{quote}]}}}}"
            text = text.replace(place, _text(value))
    return text


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _data(render: Render, name: str) -> Body:
    """What the ConfigMap of that name says."""
    for each in render.of("ConfigMap"):
        if each.name == name:
            return dict(each.body.get("data") or {})
    return {}


def _loaded(text: Any) -> Body:
    return yaml.safe_load(str(text or "")) or {}
