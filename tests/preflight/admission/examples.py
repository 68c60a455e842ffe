"""Limit ranges, quotas and pods, as hypothesis draws them: amounts that are often equal, or missing."""

from typing import Any

from hypothesis import strategies as st

Body = dict[str, Any]
CPU = ("0", "50m", "100m", "250m", "1", "1500m", "2")
MEMORY = ("0", "64Mi", "128M", "128Mi", "1Gi", "1.5Gi", "2Gi")
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


@st.composite
def ordered(draw: st.DrawFn, keys: tuple[str, ...]) -> Body:
    """Some resources under some of the keys, each key's amount no smaller than that of the key before."""
    told: Body = {key: {} for key in keys}
    for name, values in (("cpu", CPU), ("memory", MEMORY), ("ephemeral-storage", DISK)):
        chosen = [key for key in keys if draw(st.booleans())]
        places = sorted(
            draw(st.lists(st.integers(0, len(values) - 1), min_size=len(chosen), max_size=len(chosen)))
        )
        told |= {key: {**told[key], name: values[at]} for key, at in zip(chosen, places, strict=True)}
    return {key: amount for key, amount in told.items() if amount}


@st.composite
def resources(draw: st.DrawFn) -> Body:
    """What a container states; now and then more than its limit."""
    told = draw(ordered(("requests", "limits")))
    if draw(st.integers(0, 3)) == 0:
        told["limits"] = {**told.get("limits", {}), "nvidia.com/gpu": draw(SOME(GPUS))}
    if draw(st.integers(0, 7)) == 0:
        told["requests"] = {**told.get("requests", {}), "cpu": CPU[-1]}
    return told


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
    """The items of a LimitRange, which the API server may refuse: not every ratio fits the other bounds."""
    kind = draw(SOME(("Container", "Container", "Container", "Pod")))
    item = draw(ordered(RANGE if kind == "Container" else ("min", "max")))
    if draw(st.integers(0, 3)) == 0:
        item["maxLimitRequestRatio"] = {"cpu": draw(SOME(("1", "2", "4")))}
    return [{"type": kind, **item}]


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
