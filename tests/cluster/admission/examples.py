"""Limit ranges, quotas and pods, as hypothesis draws them: amounts that are often equal, or missing."""

from typing import Any

from hypothesis import strategies as st

Body = dict[str, Any]
CPU = ("0", "50m", "100m", "250m", "1", "1500m", "2")
MEMORY = ("0", "64Mi", "128Mi", "128M", "1Gi", "1.5Gi", "2Gi")
DISK = ("1Gi", "2Gi")
GPUS = ("0", "1", "2")
SOME = st.sampled_from
RANGE = ("min", "defaultRequest", "default", "max")
HARD = (
    *(
        "requests.cpu",
        "cpu",
        "limits.cpu",
        "requests.memory",
        "memory",
        "limits.memory",
        "pods",
        "count/pods",
    ),
    *("requests.ephemeral-storage", "limits.ephemeral-storage", "requests.nvidia.com/gpu"),
)
SCOPES = ("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass")


def amounts(*, gpus: bool = False) -> st.SearchStrategy[Body]:
    """Some resources."""
    told: dict[str, st.SearchStrategy[str]] = {"cpu": SOME(CPU), "memory": SOME(MEMORY)}
    told["ephemeral-storage"] = SOME(DISK)
    if gpus:
        told["nvidia.com/gpu"] = SOME(GPUS)
    return st.fixed_dictionaries({}, optional=told)


@st.composite
def resources(draw: st.DrawFn) -> Body:
    """What a container states."""
    limits = draw(amounts(gpus=True))
    requests = draw(amounts())
    return {part: told for part, told in (("requests", requests), ("limits", limits)) if told}


@st.composite
def pods(draw: st.DrawFn) -> Body:
    """The spec of a pod: one to three containers, of which some run first, or beside the others."""
    spec: Body = {
        "containers": [_container(f"main-{n}", draw(resources())) for n in range(draw(st.integers(1, 2)))]
    }
    first = [_container(f"first-{n}", draw(resources())) for n in range(draw(st.integers(0, 2)))]
    for each in first:
        if draw(st.booleans()):
            each["restartPolicy"] = "Always"
    spec |= {"initContainers": first, "automountServiceAccountToken": False}
    if draw(st.booleans()):
        spec["activeDeadlineSeconds"] = 60
    return spec


@st.composite
def limit_ranges(draw: st.DrawFn) -> list[Body]:
    """The items of a LimitRange, which the API server may refuse."""
    kind = draw(SOME(("Container", "Container", "Pod")))
    keys = RANGE if kind == "Container" else ("min", "max")
    item: Body = {key: draw(amounts()) for key in keys if draw(st.booleans())}
    if draw(st.integers(0, 3)) == 0:
        item["maxLimitRequestRatio"] = {"cpu": draw(SOME(("1", "2", "4")))}
    return [{"type": kind, **{key: told for key, told in item.items() if told}}]


@st.composite
def quotas(draw: st.DrawFn) -> Body:
    """The spec of a ResourceQuota."""
    hard = draw(st.lists(SOME(HARD), min_size=1, max_size=4, unique=True))
    spec: Body = {"hard": {name: draw(SOME(_values(name))) for name in hard}}
    scope = draw(st.none() | SOME(SCOPES))
    if scope == "BestEffort":
        spec["hard"] = {"pods": draw(SOME(("0", "1")))}
    elif scope in {"Terminating", "NotTerminating"}:
        spec["hard"].pop("count/pods", None)
    return spec | ({"scopes": [scope]} if scope and spec["hard"] else {})


def _values(name: str) -> tuple[str, ...]:
    if "memory" in name:
        return ("64Mi", "1Gi", "2Gi", "3Gi")
    if "storage" in name:
        return ("1Gi", "3Gi")
    return ("0", "1", "2") if name.endswith(("pods", "gpu")) else ("100m", "1", "2", "3")


def _container(name: str, told: Body) -> Body:
    return {"name": name, "image": "example.org/none:1", "resources": told}
