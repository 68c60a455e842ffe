"""Kubernetes' label selectors: what they match, and why they match nothing."""

from collections.abc import Iterable, Mapping

from preflight.render.pods import PodTemplate
from preflight.render.resources import Body

Labels = Mapping[str, str]


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
