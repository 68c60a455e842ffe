"""The whole platform from one push: every application of the local overlay, in its wave's turn."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from tests.on_cluster import argocd
from tests.on_cluster.kubectl import Kubectl
from tests.on_cluster.operators import Operators, runs_for_real
from tests.on_cluster.platform import Platform
from tests.on_cluster.waiting import require, until

pytestmark = pytest.mark.cluster


def test_every_application_is_synced_and_healthy(kubectl: Kubectl, platform: Platform) -> None:
    names = ("root", *platform.choice.tried)
    # The root is Progressing for moments while the hook of `smoke`, which nothing waited for, is retried.
    states = until(120, "every application Synced and Healthy", lambda: _good(argocd.states(kubectl), names))
    resting = {name for name, state in states.items() if state.health == "Suspended"}
    assert resting == {"model-classification"}, "it has no release, and nothing waits for it"
    assert platform.code == 0, platform.output[-3000:]
    sets = {each.owner for each in platform.choice.render.applications.values()}
    made_by_sets = {name for name, state in states.items() if state.owner in sets}
    assert made_by_sets <= platform.choice.tried.keys() <= states.keys()


def _good(states: dict[str, argocd.State], names: Iterable[str]) -> dict[str, argocd.State]:
    wrong = [str(states[name]) for name in names if not states[name].is_good]
    require(not wrong, "; ".join(wrong))
    return states


def test_each_wave_waited_for_the_one_before(platform: Platform) -> None:
    assert not platform.was_there, "the platform was there before; this needs a cluster without it"
    assert not platform.timeline.early, "these were there before an earlier wave had been healthy"


def test_nothing_is_out_of_sync(kubectl: Kubectl, platform: Platform) -> None:
    wrong = [
        f"{name}: {each.get('kind')} {each.get('namespace', '')}/{each.get('name')}"
        for name, state in argocd.states(kubectl).items()
        for each in state.resources
        if not each.get("hook")  # it is run, not compared
        and (each.get("status", "Synced") != "Synced" or each.get("requiresPruning"))
    ]
    assert not wrong


def test_the_server_has_exactly_what_was_rendered(kubectl: Kubectl, platform: Platform) -> None:
    tried = platform.choice.tried
    rendered = Counter(
        (each.application, each.group, each.kind, each.name)
        for each in platform.choice.render.resources
        if each.application in tried
    )
    synced = Counter(
        (name, each.get("group", ""), each["kind"], each["name"])
        for name, state in argocd.states(kubectl).items()
        if name in tried
        for each in state.resources
    )
    assert synced == rendered


def test_nothing_landed_in_default(kubectl: Kubectl, platform: Platform) -> None:
    ours = [
        f"{kind} {each['metadata']['name']}"
        for kind in ("pods", "services", "configmaps", "secrets")
        for each in kubectl.list(kind, "default")
        if each["metadata"]["name"] not in {"kubernetes", "kube-root-ca.crt", "istio-ca-root-cert"}
    ]
    assert not ours


def test_figures(kubectl: Kubectl, platform: Platform, operators: Operators, record: dict[str, Any]) -> None:
    """What the README's table is made of; what was simulated is said with it."""
    states = argocd.states(kubectl)
    resources = [each for name in platform.choice.tried for each in states[name].resources]
    pods = kubectl.list("pods")
    record |= {
        "applications": len(platform.choice.tried),
        "not_tried": platform.choice.not_tried,
        "kinds_stood_in": sorted(each["spec"]["names"]["kind"] for each in platform.choice.stand_ins),
        "objects": len(resources),
        "definitions": sum(each["kind"] == "CustomResourceDefinition" for each in resources),
        "seconds_to_healthy": max(platform.timeline.good[name] for name in platform.choice.tried),
        "seconds_by_wave": platform.timeline.by_wave,
        "pods": len(pods),
        "pods_simulated": sum(not runs_for_real(pod) for pod in pods),
        "operators_played": sorted(operators.played),
        "kubernetes": kubectl.run("version", "--output=json").split('"gitVersion": "')[-1].split('"')[0],
    }
    assert record["objects"] > 0
