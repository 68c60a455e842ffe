"""What a rule looks at: objects, pods, and those of them that a Kubernetes label selector matches."""

from collections.abc import Iterable, Iterator, Mapping

from preflight.findings import Finding, NotJudged, Said
from preflight.render.cluster import Render, Unchecked
from preflight.render.pods import TEMPLATES, PodTemplate
from preflight.render.reach import Reach, reaches
from preflight.render.resources import Body

Labels = Mapping[str, str]
# What becomes what a pod, a route or a binding names.
POD_MAKERS = (*TEMPLATES, "SeldonDeployment")
SERVICE_MAKERS = ("Service", "Notebook", "Tensorboard", "SeldonDeployment")


def unless_brought(finding: Finding, by: Iterable[Reach]) -> Said:
    """A finding that something is missing, unless applications that could not be rendered may bring it."""
    because = tuple(sorted({Unchecked(each.title, each.reason) for each in by}))
    return NotJudged(finding, because) if because else finding


def bringing(render: Render, kinds: Iterable[str], namespace: str = "") -> list[Reach]:
    """The applications, not rendered, that may bring an object of one of the kinds into a namespace.

    One that lives in no namespace, where none is given.
    """
    listed = list(kinds)
    return [each for each in reaches(render) if any(each.may_bring(kind, namespace) for kind in listed)]


def bringing_anywhere(render: Render, kinds: Iterable[str]) -> list[Reach]:
    """The same, whatever the namespace."""
    listed = list(kinds)
    return [each for each in reaches(render) if any(map(each.may_bring_anywhere, listed))]


def bringing_named(render: Render, pattern: str) -> list[Reach]:
    """Those that may bring what a pattern such as `Deployment kubeflow/*` is about."""
    kind, _, name = pattern.partition(" ")
    namespace, slash, _ = name.partition("/")
    if set("*?[") & set(kind + (namespace if slash else "")):
        return list(reaches(render))
    return bringing(render, [kind], namespace if slash else "")


def whole(render: Render, namespace: str) -> bool:
    """Whether no application that could not be rendered may bring something into a namespace."""
    return not any(each.may_write_into(namespace) for each in reaches(render))


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


def lacking(selector: Body | None, pods: Iterable[PodTemplate]) -> str:
    """Why a selector selects none of some pods: the label that none has, or all that it asks for together."""
    listed = list(pods)
    wanted = (selector or {}).get("matchLabels") or {}
    single = {
        key: value for key, value in wanted.items() if not any(p.labels.get(key) == value for p in listed)
    }
    labels = ",".join(f"{key}={value}" for key, value in (single or wanted).items())
    return f"no pod there is labelled {labels}" if labels else ""


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
