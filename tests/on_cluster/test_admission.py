"""What `preflight.admission` says of pods, and what the API server says of the same ones.

Drawn limit ranges and quotas in namespaces of their own, and pods that are sent there as a dry run: the same
verdict, and the same defaults. Nothing of the platform is needed, and nothing stays behind.
"""

import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from preflight.admission.amounts import amounts
from preflight.admission.limit_range import fill_in, refusals
from preflight.admission.requirements import PARTS, asked, contradictions
from preflight.admission.resource_quota import counts, exceeded, of_pod, unstated
from preflight.render.resources import Origin, Resource
from tests.on_cluster.kubectl import Kubectl, KubectlError
from tests.preflight.admission.examples import limit_ranges, pods, quotas

pytestmark = pytest.mark.cluster
Body = dict[str, Any]
Case = tuple[list[Body], Body | None, list[Body]]
DRAWN = 500
EXAMPLES = 30
PODS = 8
LABEL = {"pylib/test": "admission"}


@pytest.fixture(scope="module")
def cleared(kubectl: Kubectl) -> Iterator[None]:
    """Nothing stays behind."""
    yield
    chosen = ",".join(f"{key}={value}" for key, value in LABEL.items())
    kubectl.run("delete", "namespace", "--selector", chosen, "--wait=false")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Different namespaces' limits and quotas, and pods for each: hypothesis draws many alike."""
    found: dict[str, Case] = {}

    @settings(max_examples=DRAWN, derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(
        limits=limit_ranges(),
        quota=quotas() | st.none(),
        drawn=st.lists(pods(), min_size=PODS, max_size=PODS),
    )
    def draw(limits: list[Body], quota: Body | None, drawn: list[Body]) -> None:
        found.setdefault(json.dumps(limits), (limits, quota, drawn))

    draw()
    return list(found.values())[-EXAMPLES:]  # the first ones are the simplest


def test_the_api_server_says_the_same(kubectl: Kubectl, cases: list[Case], cleared: None) -> None:
    tried, refused_setups = [0, 0], 0
    for limits, quota, drawn in cases:
        space = f"admission-{uuid.uuid4().hex[:8]}"
        made = [_object("v1", "LimitRange", space, {"limits": limits})]
        made += [_object("v1", "ResourceQuota", space, quota)] if quota else []
        if not _prepared(kubectl, space, made):
            refused_setups += 1
            continue
        answers = _dry_run(kubectl, space, drawn)
        for index, spec in enumerate(drawn):
            ours, theirs = _ours(made, spec), answers[f"pod-{index}"]
            tried[bool(ours)] += 1
            assert bool(ours) == isinstance(theirs, str), (made, spec, ours, theirs)
            if not isinstance(theirs, str):
                assert _filled(made, spec) == _told(theirs["spec"]), (made, spec)
    assert refused_setups < len(cases) / 2
    assert min(tried) >= EXAMPLES, f"let in and refused: {tried}"


def _ours(made: list[Body], spec: Body) -> list[str]:
    """What we say against a pod that is alone in its namespace."""
    ranges, limits = _of(made, "LimitRange"), _of(made, "ResourceQuota")
    pod = fill_in(ranges, asked(spec))
    told = [each.message for each in (*contradictions(pod), *refusals(ranges, pod))]
    for quota in limits:
        if counts(quota, spec, pod):
            told += [each.message for each in unstated(quota, pod)] + list(exceeded(quota, of_pod(pod)))
    return told


def _filled(made: list[Body], spec: Body) -> dict[str, Any]:
    pod = fill_in(_of(made, "LimitRange"), asked(spec))
    return {each.name: {part: each.of(part) for part in PARTS} for each in pod.containers}


def _told(spec: Body) -> dict[str, Any]:
    every = [*spec.get("initContainers", []), *spec["containers"]]
    return {each["name"]: {part: amounts(each["resources"].get(part)) for part in PARTS} for each in every}


def _of(made: list[Body], kind: str) -> list[Resource]:
    return [Resource("test", each, Origin("test", upstream=False)) for each in made if each["kind"] == kind]


def _object(version: str, kind: str, space: str, spec: Body) -> Body:
    metadata = {"name": "drawn", "namespace": space}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _prepared(kubectl: Kubectl, space: str, made: list[Body]) -> bool:
    """Whether a namespace has the objects, once its quota is counted and its account is there."""
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": LABEL}})
    try:
        if made:
            kubectl.apply(*made)
    except KubectlError as error:
        if "is invalid" not in str(error):
            raise
        return False
    until = time.monotonic() + 60
    while time.monotonic() < until:
        quotas_there = kubectl.list("resourcequota", space)
        counted = all(each.get("status", {}).get("used") is not None for each in quotas_there)
        if counted and kubectl.find("serviceaccount", "default", space):
            return True
        time.sleep(0.2)
    pytest.fail(f"{space}: no default account, or a quota that nobody counts, after 60 s")


def _dry_run(kubectl: Kubectl, space: str, drawn: list[Body]) -> dict[str, Any]:
    """For each pod what the API server would store, or why it refuses it."""
    names = {f"pod-{index}": spec for index, spec in enumerate(drawn)}
    items = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space}, "spec": spec}
        for name, spec in names.items()
    ]
    command = [
        "kubectl",
        "--kubeconfig",
        str(kubectl.config),
        "create",
        "--dry-run=server",
        "--filename=-",
        "--output=json",
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
    stored = {each["metadata"]["name"]: each for each in _documents(done.stdout)}
    refused = {
        name: line
        for line in done.stderr.splitlines()
        for name in names
        if f'"{name}"' in line and name not in stored
    }
    missing = set(names) - {*stored, *refused}
    assert not missing, f"no answer for {sorted(missing)}: {done.stderr}"
    return {**stored, **refused}


def _documents(text: str) -> Iterator[Body]:
    """The objects that kubectl prints one after another."""
    left = text.strip()
    while left:
        each, end = json.JSONDecoder().raw_decode(left)
        yield each
        left = left[end:].strip()
