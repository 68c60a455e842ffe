"""Another model is served: the one change that people look for in a release."""

from collections.abc import Iterator
from typing import Any

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.render.resources import Body, Resource

SHORT = 12
LABELS = {"model_digest": "model", "data_commit": "data", "git_commit": "code"}


@danger("model-release")
def model_release(difference: Difference) -> Iterator[Danger]:
    """A SeldonDeployment whose model, or what made it, is another."""
    for change in difference.objects:
        if change.resource.kind == "SeldonDeployment" and change.before and change.after:
            old, new = _graphs(change, change.before), _graphs(change, change.after)
            for name in {**old, **new}:
                if old.get(name) != new.get(name):
                    message = _message(name, old.get(name), new.get(name))
                    yield costs("model-release", Outcome.RELEASED, change, message)


def _graphs(change: ObjectChange, side: Resource) -> dict[str, dict[str, Any]]:
    """By predictor, every parameter of its graph that a release writes, and its part of the requests."""
    return {
        str(each.get("name")): {**_parameters(each), "share": _share(each)}
        for each in change.value("spec.predictors", side) or []
    }


def _parameters(predictor: Body) -> dict[str, Any]:
    entries = (predictor.get("graph") or {}).get("parameters") or []
    return {each["name"]: each.get("value", "") for each in entries if each.get("name") in LABELS}


def _share(predictor: Body) -> str:
    if predictor.get("shadow"):
        return "a copy of all requests"
    return f"{predictor['traffic']} % of requests" if predictor.get("traffic") else "all requests"


def _message(name: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    if new is None:
        return f"predictor {name} goes; git revert brings it back"
    if old is None:
        model = _short(new.get("model_digest", ""))
        return f"predictor {name} comes, model {model}, with {new['share']}; git revert takes it away"
    told = [_told(each, old.get(each, ""), new.get(each, "")) for each in LABELS]
    changed = ", ".join(filter(None, told))
    if not changed:
        return f"predictor {name} gets {new['share']}, not {old['share']}; git revert brings that back"
    return f"serves another model: {changed}; git revert brings it back"


def _told(name: str, old: str, new: str) -> str:
    if old == new:
        return ""
    return f"{LABELS[name]} {_short(old)} → {_short(new)}"


def _short(value: str) -> str:
    """A digest or commit as people read it; `repository@commit` keeps its repository."""
    repository, at, commit = str(value).rpartition("@")
    return f"{repository}{at}{commit[:SHORT]}" if value else "none"
