"""Another model is served: the one change that people look for in a release."""

from collections.abc import Iterator
from typing import Any

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.render.resources import Resource

SHORT = 12
LABELS = {"model_digest": "model", "data_commit": "data", "git_commit": "code"}


@danger("model-release")
def model_release(difference: Difference) -> Iterator[Danger]:
    """A SeldonDeployment whose model, or what made it, is another."""
    for change in difference.objects:
        if change.resource.kind == "SeldonDeployment" and change.before and change.after:
            old, new = _parameters(change, change.before), _parameters(change, change.after)
            told = [_told(name, old.get(name, ""), new.get(name, "")) for name in LABELS]
            if old != new:
                message = f"serves another model: {', '.join(filter(None, told))}; git revert brings it back"
                yield costs("model-release", Outcome.RELEASED, change, message)


def _parameters(change: ObjectChange, side: Resource) -> dict[str, Any]:
    """Every parameter of the graph that a release writes."""
    graphs = [each.get("graph") or {} for each in change.value("spec.predictors", side) or []]
    entries = [entry for graph in graphs for entry in graph.get("parameters") or []]
    return {each["name"]: each.get("value", "") for each in entries if each.get("name") in LABELS}


def _told(name: str, old: str, new: str) -> str:
    if old == new:
        return ""
    return f"{LABELS[name]} {_short(old)} → {_short(new)}"


def _short(value: str) -> str:
    """A digest or commit as people read it; `repository@commit` keeps its repository."""
    repository, at, commit = str(value).rpartition("@")
    return f"{repository}{at}{commit[:SHORT]}" if value else "none"
