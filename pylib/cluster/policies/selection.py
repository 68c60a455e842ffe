"""What a rule looks at: objects, pods, and those of them that a Kubernetes label selector matches."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from pylib.cluster.pods import PodTemplate
from pylib.cluster.render import Render, Unchecked
from pylib.cluster.resources import Body, Resource

Labels = Mapping[str, str]


def judged(render: Render, *kinds: str) -> Iterator[Resource]:
    """The objects of the kinds, for a rule about what is missing.

    None where a part of the cluster could not be rendered: what seems to be missing may stand there.
    """
    return iter(()) if render.unchecked else render.of(*kinds)


def within(render: Render, *kinds: str) -> Iterator[Resource]:
    """The objects of the kinds, for a rule about what is missing in an object's own namespace.

    Those of namespaces that are rendered as a whole, and that do not look into others.
    """
    for resource in render.of(*kinds):
        elsewhere = "namespaceSelector" in resource.spec
        if whole(render, resource.namespace) and not (elsewhere and render.unchecked):
            yield resource


def whole(render: Render, namespace: str) -> bool:
    """Whether no application that could not be rendered may bring something into a namespace.

    Its project says where it may.
    """
    unbuilt = [render.applications.get(each.application) for each in render.unchecked]
    missing = {each.project if each else "" for each in unbuilt}
    projects = [each for each in render.of("AppProject") if each.name in missing]
    spaces = [
        each.get("namespace") for project in projects for each in project.spec.get("destinations") or []
    ]
    known = {project.name for project in projects} >= missing
    return known and not any(fnmatchcase(namespace, str(pattern)) for pattern in spaces)


def notes(render: Render) -> Iterator[Unchecked]:
    """That the rules about what is missing were not asked."""
    if render.unchecked:
        yield Unchecked(
            "references", "what objects name was not looked for everywhere, as not all is rendered"
        )


def every_pod(render: Render) -> Iterator[PodTemplate]:
    """Every pod template of a render."""
    return (pod for pods in render.pods.values() for pod in pods)


def matches(selector: Body | None, labels: Labels) -> bool:
    """Whether a LabelSelector, of matchLabels and matchExpressions, selects what has the labels.

    An empty one selects everything, as the API server has it.
    """
    wanted = (selector or {}).get("matchLabels") or {}
    expressions = (selector or {}).get("matchExpressions") or []
    return _has(wanted, labels) and all(_holds(expression, labels) for expression in expressions)


def selected(selector: Body | None, pods: Iterable[PodTemplate]) -> list[PodTemplate]:
    """The pods that a LabelSelector selects."""
    return [pod for pod in pods if matches(selector, pod.labels)]


def keys(selector: Body | None) -> set[str]:
    """The label keys that a LabelSelector speaks of."""
    expressions = (selector or {}).get("matchExpressions") or []
    return {*((selector or {}).get("matchLabels") or {}), *(str(each.get("key")) for each in expressions)}


def _has(wanted: Labels, labels: Labels) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def _holds(expression: Body, labels: Labels) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or []
    present = key in labels
    match expression.get("operator"):
        case "In":
            return present and labels[key] in values
        case "NotIn":
            return not present or labels[key] not in values
        case "Exists":
            return present
        case _:
            return not present
