"""The namespace of an Experiment: whether its trials get a collector."""

from preflight.admission.katib import INJECTION
from preflight.findings import Problem, Problems
from preflight.platform.experiments import experiments
from preflight.registry import rule
from preflight.render.cluster import Render


@rule(
    "katib-namespace", "without its label a namespace's trials get no collector, and no metric is ever seen"
)
def namespaces(render: Render) -> Problems:
    """The Experiment's namespace lets the webhook add the collector."""
    labels = {namespace.name: namespace.labels for namespace in render.of("Namespace")}
    for experiment in experiments(render):
        namespace = experiment.namespace
        collects = experiment.collector != "Push"
        if namespace in labels and collects and labels[namespace].get(INJECTION) != "enabled":
            message = f"namespace {namespace} lacks the label {INJECTION}: enabled; add it"
            yield Problem(experiment.resource, "metadata.namespace", message)
