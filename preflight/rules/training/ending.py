"""When a TFJob ends, what is left of it, and what waits: without a gang scheduler pods are placed singly."""

from collections.abc import Iterator

from katib.experiment import value_at
from preflight.findings import Faults, Problem, Problems
from preflight.platform.tfjobs import TFJob, tfjobs
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.pods import containers, pod_templates
from preflight.rules.training import tfjob_rule

GANG = "--gang-scheduler-name"
AGAIN = {"Always", "OnFailure", "ExitCode"}
LABELS = "spec.trialTemplate.primaryPodLabels"


@tfjob_rule("tfjob-deadline", "a job of which only a part is placed waits for ever, and holds what it has")
def deadlines(job: TFJob) -> Faults:
    """Several pods that wait for each other do so for a time, and fail a number of times."""
    if job.several and not job.run_policy.get("activeDeadlineSeconds"):
        yield (
            job.field("spec.runPolicy.activeDeadlineSeconds"),
            "without it a chief waits for ever for a worker that finds no node; write seconds",
        )
    again = any(each.body.get("restartPolicy") in AGAIN for each in job.replicas)
    if again and job.run_policy.get("backoffLimit") is None:
        yield (
            job.field("spec.runPolicy.backoffLimit"),
            "without it what fails is started again for ever; write a number",
        )


@tfjob_rule("tfjob-clean-pod-policy", "what still runs when the chief is done keeps its GPU for ever")
def clean_pod_policies(job: TFJob) -> Faults:
    """The pods that run when the job is done are deleted; the operator's own default is None."""
    policy = job.run_policy.get("cleanPodPolicy") or "None"
    if job.several and policy not in {"Running", "All"}:
        field = job.field("spec.runPolicy.cleanPodPolicy")
        yield field, f"it is {policy}, so that workers outlive the chief; write Running, or All"


@tfjob_rule("tfjob-success-policy", "the operator looks at it only where there is no chief")
def success_policies(job: TFJob) -> Faults:
    """A job with a chief ends with it."""
    chief = any(each.kind.lower() in {"chief", "master"} for each in job.replicas)
    policy = value_at(job.body, "spec.successPolicy")
    if policy and policy != "AllWorkers":
        yield job.field("spec.successPolicy"), f"there is no {policy}; write AllWorkers, or nothing"
    elif policy and chief:
        yield job.field("spec.successPolicy"), "with a Chief its end is the job's; remove it, or the Chief"


@rule("tfjob-gang-scheduling", "an operator without a gang scheduler ignores it: pods are placed one by one")
def gang_scheduling(render: Render) -> Problems:
    """A schedulingPolicy stands only where the operator was told of a gang scheduler."""
    if not any(_gangs(render)):
        for job in tfjobs(render):
            if job.run_policy.get("schedulingPolicy"):
                message = f"the operator runs without {GANG}; give it that and a scheduler, or remove it"
                yield Problem(job, job.field("spec.runPolicy.schedulingPolicy"), message)


def _gangs(render: Render) -> Iterator[bool]:
    """Whether each operator of a render is started with a gang scheduler."""
    for resource in render.of("Deployment"):
        for pod in pod_templates(resource):
            for container in containers(pod):
                words = [*(container.body.get("command") or []), *(container.body.get("args") or [])]
                yield any(str(word).lstrip("-").startswith(GANG.lstrip("-")) for word in words)


@tfjob_rule("tfjob-primary-pod", "with labels that no pod of the trial has nobody collects its metrics")
def primary_pods(job: TFJob) -> Faults:
    """Of an Experiment: some pod has the labels of the primary one."""
    wanted = value_at(job.resource.body, LABELS) if job.path else None
    if wanted and not any(wanted.items() <= labels.items() for labels in _labels(job)):
        told = ", ".join(f"{key}={value}" for key, value in wanted.items())
        yield LABELS, f"no pod of the trial has {told}; write training.kubeflow.org/job-role: master"


def _labels(job: TFJob) -> Iterator[dict[str, str]]:
    """The labels of every pod, with those that the operator gives it."""
    kinds = {each.kind.lower() for each in job.replicas}
    masters = kinds & {"chief", "master"}
    for each in job.replicas:
        kind = each.kind.lower()
        for index in range(each.count):
            master = kind in masters or (not masters and kind == "worker" and index == 0)
            role = {"training.kubeflow.org/job-role": "master"} if master else {}
            yield (
                each.labels
                | role
                | {
                    "training.kubeflow.org/operator-name": "tfjob-controller",
                    "training.kubeflow.org/replica-type": kind,
                    "training.kubeflow.org/replica-index": str(index),
                }
            )
