"""The replicas of a TFJob: which there are, in which container they train, where they find each other."""

from preflight.findings import Faults
from preflight.platform.tfjobs import CONTAINER, Replicas, TFJob
from preflight.rules.training import tfjob_rule
from preflight.schemas.suggest import did_you_mean

KINDS = ("Chief", "Master", "Worker", "PS", "Evaluator")
RESTART_POLICIES = ("Always", "OnFailure", "Never", "ExitCode")
PORT_NAME, PORT = "tfjob-port", 2222


@tfjob_rule("tfjob-replicas", "replicas that the operator does not know never count, and the job never ends")
def replicas(job: TFJob) -> Faults:
    """Each kind of replica is one that there is, and there is one chief at most."""
    chiefs = [each for each in job.replicas if each.kind.lower() in {"chief", "master"}]
    if not job.replicas:
        yield job.field("spec.tfReplicaSpecs"), "there is no replica; write a Chief, and Workers"
    for each in job.replicas:
        if each.kind.lower() not in {kind.lower() for kind in KINDS}:
            known = did_you_mean(each.kind, KINDS) or f"; it knows {', '.join(KINDS)}"
            yield each.field, f"the operator knows no {each.kind}{known}"
    if sum(each.count for each in chiefs) > 1:
        yield chiefs[-1].field, "there is more than one chief; have one, and the rest as Workers"


@tfjob_rule("tfjob-container", "without a container of that name the operator's webhook refuses the job")
def containers(job: TFJob) -> Faults:
    """Every pod trains in the container that is told of the others."""
    for each in job.replicas:
        names = [str(container.get("name")) for container in each.containers]
        if CONTAINER not in names:
            said = f"none of the containers ({', '.join(names)}) is called {CONTAINER}; rename what trains"
            yield f"{each.field}.template.spec.containers", said


@tfjob_rule(
    "tfjob-port", "the operator adds its port by name, and a Service with one number twice is refused"
)
def ports(job: TFJob) -> Faults:
    """Where the operator adds its own port, no other has its number."""
    for each in job.replicas:
        for at, container in enumerate(each.containers):
            told = list(container.get("ports") or [])
            if container.get("name") != CONTAINER or any(port.get("name") == PORT_NAME for port in told):
                continue
            for index, port in enumerate(told):
                if port.get("containerPort") == PORT:
                    field = f"{each.field}.template.spec.containers[{at}].ports[{index}].name"
                    yield field, f"port {PORT} is the operator's, which it calls {PORT_NAME}; name it so"


@tfjob_rule("tfjob-restart-policy", "a worker that is lost and does not come again takes the job with it")
def restart_policies(job: TFJob) -> Faults:
    """What happens to a pod that failed is said where the operator reads it."""
    for each in job.replicas:
        yield from _restart_policy(each)


def _restart_policy(replicas: Replicas) -> Faults:
    policy, inner = replicas.body.get("restartPolicy"), f"{replicas.field}.template.spec.restartPolicy"
    if (replicas.body.get("template") or {}).get("spec", {}).get("restartPolicy"):
        yield inner, "the operator writes over it; put restartPolicy beside template"
    elif not policy:
        yield (
            f"{replicas.field}.restartPolicy",
            "without it none is started again; write OnFailure, or Never",
        )
    if policy and policy not in RESTART_POLICIES:
        yield (
            f"{replicas.field}.restartPolicy",
            f"there is no {policy}{did_you_mean(str(policy), RESTART_POLICIES)}",
        )
