"""The pods that an object will make, whichever kind it is, and where in the object they are written."""

from collections.abc import Iterator
from dataclasses import dataclass

from katib.experiment import value_at
from preflight.render.resources import Body, Place, Resource

# Where each kind keeps its pod template.
TEMPLATES = {
    "Pod": "",
    "Deployment": "spec.template",
    "StatefulSet": "spec.template",
    "DaemonSet": "spec.template",
    "ReplicaSet": "spec.template",
    "Job": "spec.template",
    "CronJob": "spec.jobTemplate.spec.template",
    "Notebook": "spec.template",
    "Experiment": "spec.trialTemplate.trialSpec.spec.template",
}
# Kubeflow's, with a template for each kind of replica.
TRAINING = {"TFJob", "PyTorchJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob"}
BATCH = {"Job", "CronJob", "Experiment"} | TRAINING  # they end, so nobody probes them


@dataclass(frozen=True)
class PodTemplate:
    """A pod that a resource makes: its labels, its spec and the field path of that spec."""

    resource: Resource
    field: str
    labels: dict[str, str]
    spec: Body

    @property
    def place(self) -> Place:
        """Where people find the object."""
        return self.resource.place

    @property
    def service_account(self) -> str:
        """The account it runs as, `default` where none is written."""
        return str(self.spec.get("serviceAccountName") or "default")


@dataclass(frozen=True)
class Container:
    """A container of a pod, with its field path; `init` ones run before the others."""

    pod: PodTemplate
    field: str
    body: Body
    init: bool

    @property
    def place(self) -> Place:
        """Where people find the object."""
        return self.pod.place

    @property
    def name(self) -> str:
        """Its name within the pod."""
        return str(self.body.get("name", ""))

    @property
    def image(self) -> str:
        """The image reference, empty where none is written."""
        return str(self.body.get("image") or "")


def pod_templates(resource: Resource) -> Iterator[PodTemplate]:
    """Every pod template of an object: one for a workload, one a component for a SeldonDeployment."""
    if resource.kind == "SeldonDeployment":
        yield from _seldon(resource)
    elif several := list(_replicas(resource)):
        yield from several
    elif resource.kind in TEMPLATES:
        field = TEMPLATES[resource.kind]
        template = value_at(resource.body, field) or {}
        yield _template(resource, f"{field}.spec".removeprefix("."), template)


def containers(pod: PodTemplate) -> Iterator[Container]:
    """Its init containers, then its containers."""
    for key in ("initContainers", "containers"):
        for index, body in enumerate(pod.spec.get(key) or []):
            yield Container(pod, f"{pod.field}.{key}[{index}]", body, init=key == "initContainers")


def _template(resource: Resource, field: str, template: Body) -> PodTemplate:
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    if resource.kind == "Notebook":
        labels |= {"statefulset": resource.name, "notebook-name": resource.name}
    return PodTemplate(resource, field, labels, template.get("spec") or {})


def _replicas(resource: Resource) -> Iterator[PodTemplate]:
    """A pod for each kind of replica of a training job, also of one that an Experiment's trials make."""
    path = "spec.trialTemplate.trialSpec.spec" if resource.kind == "Experiment" else "spec"
    spec = value_at(resource.body, path)
    for key in spec if resource.kind in TRAINING | {"Experiment"} and isinstance(spec, dict) else ():
        for kind, told in (spec[key] or {}).items() if key.endswith("ReplicaSpecs") else ():
            template = (told or {}).get("template") or {}
            pod = _template(resource, f"{path}.{key}.{kind}.template.spec", template)
            made = {"training.kubeflow.org/replica-type": kind.lower()}
            yield PodTemplate(resource, pod.field, {**pod.labels, **made}, pod.spec)


def _seldon(resource: Resource) -> Iterator[PodTemplate]:
    """A pod for each component of each predictor, labelled as v1.17.1's operator labels it."""
    for at, predictor in enumerate(resource.spec.get("predictors") or []):
        for index, component in enumerate(predictor.get("componentSpecs") or []):
            field = f"spec.predictors[{at}].componentSpecs[{index}].spec"
            pod = _template(resource, field, component)
            names = [str(each.get("name")) for each in pod.spec.get("containers") or []]
            prefix = f"{resource.name}-{predictor.get('name')}"
            made = {
                "app": "-".join([prefix, str(index), *names]),
                "seldon-app": prefix,
                "seldon-deployment-id": resource.name,
                **{f"seldon-app-svc-{name}": f"{prefix}-{name}" for name in names},
            }
            yield PodTemplate(resource, field, {**pod.labels, **made}, pod.spec)
