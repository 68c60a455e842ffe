"""A canary comes, is promoted, comes back by a revert and goes: what routes send there is always answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pylib.release.rollback import abandon
from tests.on_cluster import argocd, serving
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.models import Store, make_unet, release_model
from tests.on_cluster.platform import Platform
from tests.on_cluster.waiting import require, until

pytestmark = pytest.mark.cluster
ROUTES = {"address": f"{serving.MODEL}-address", "operator": serving.MODEL}
"""The VirtualServices that send requests to the model: ours, and the operator's."""
OTHERS = ["classification-default-0-model"]
"""Deployments of the other served models."""
TRAFFIC = 10
ALONE, SPLIT = {serving.SERVICE: 100}, {serving.SERVICE: 100 - TRAFFIC, serving.CANARY: TRAFFIC}


@pytest.fixture(autouse=True)
def room(kubectl: Kubectl, server: Body) -> Iterator[None]:
    """The other model steps aside: a node of two cores has no room for three pods of this one beside it."""
    there = [each for each in OTHERS if kubectl.find("deployment", each, serving.NAMESPACE)]
    for each in there:
        kubectl.patch("deployment", each, serving.NAMESPACE, {"spec": {"replicas": 0}})
    yield
    for each in there:
        kubectl.patch("deployment", each, serving.NAMESPACE, {"spec": {"replicas": 1}})


def test_a_canary_its_promotion_its_revert_and_its_end_lose_no_request(
    kubectl: Kubectl,
    server: Body,
    serve_image: str,
    platform: Platform,
    store: Store,
    first_digest: str,
    tmp_path: Path,
    record: dict[str, Any],
) -> None:
    unet, repository = make_unet(tmp_path), platform.repository
    with serving.steady_load(kubectl, serve_image, connections=2, per_second=8) as load:
        load.go_on(20)
        digest = release_model(unet, store, repository, traffic=TRAFFIC).digest
        with _canary_asked_while_routes_lead_there(
            kubectl, serve_image, platform, first_digest, digest
        ) as asked:
            assert release_model(unet, store, repository).digest == digest  # which promotes it
        _until_alone(kubectl, platform, digest)
        load.go_on(20)
        repository.revert()
        with _canary_asked_while_routes_lead_there(
            kubectl, serve_image, platform, first_digest, digest
        ) as again:
            abandon(name=serving.MODEL, repository=tmp_path / "releases", source=repository.origin, push=True)
            repository.pull()
        _until_alone(kubectl, platform, first_digest)
        load.go_on(20)
        champions = load.answers
    canaries = [*asked, *again]
    assert {each.digest for each in canaries if not each.error} == {digest}
    assert {each.digest for each in champions if not each.error} == {first_digest, digest}
    failed = [f"{each.protocol}: {each.error}" for each in [*champions, *canaries] if each.error]
    record["canary_calls"], record["calls_beside_the_canary"] = len(canaries), len(champions)
    record["canary_calls_failed"] = len(failed)
    assert not failed, f"{len(failed)} of {len(canaries) + len(champions)}: {failed[:3]}"


def test_a_shadow_is_sent_copies_and_no_request(
    kubectl: Kubectl, server: Body, platform: Platform, store: Store, first_digest: str, tmp_path: Path
) -> None:
    shadow = release_model(make_unet(tmp_path), store, platform.repository, traffic=0)
    argocd.wait_until_good(kubectl, serving.APPLICATION, platform.repository.head, seconds=180)
    both = (first_digest, shadow.digest)
    until(120, "the shadow's pods", lambda: serving.rolled_out(kubectl, *both, beside=serving.SHADOW))
    for name in ROUTES.values():
        until(60, f"copies of {name}", lambda name=name: _require_mirror(kubectl, name))
    platform.repository.revert(shadow.commit)
    _until_alone(kubectl, platform, first_digest)


@contextmanager
def _canary_asked_while_routes_lead_there(
    kubectl: Kubectl, image: str, platform: Platform, champion: str, canary: str
) -> Iterator[list[serving.Answer]]:
    """Ask the canary from when our route leads there until, after the block's push, it does no more.

    Requests come through the route; so what is asked of the canary's Service after that is nobody's.
    """
    argocd.wait_until_good(kubectl, serving.APPLICATION, platform.repository.head, seconds=180)
    until(120, "pods of both", lambda: serving.rolled_out(kubectl, champion, canary))
    for name in ROUTES.values():
        until(60, f"the split of {name}", lambda name=name: _require_weights(kubectl, name, SPLIT))
    answers: list[serving.Answer] = []
    with serving.steady_load(kubectl, image, connections=2, per_second=8, service=serving.CANARY) as load:
        load.go_on(20)
        yield answers
        argocd.tell(kubectl, serving.APPLICATION)
        route = ROUTES["address"]
        until(180, "the route alone", lambda: _require_weights(kubectl, route, ALONE), every=0.3)
        answers += load.answers


def _until_alone(kubectl: Kubectl, platform: Platform, digest: str) -> None:
    argocd.wait_until_good(kubectl, serving.APPLICATION, platform.repository.head, seconds=180)
    until(120, f"pods of {digest[:12]} alone", lambda: serving.rolled_out(kubectl, digest))
    for name in ROUTES.values():
        until(60, f"{name} alone", lambda name=name: _require_weights(kubectl, name, ALONE))


def _require_weights(kubectl: Kubectl, name: str, wanted: dict[str, int]) -> None:
    for route in _http(kubectl, name):
        weights = {_service(each["destination"]): each.get("weight", 100) for each in route["route"]}
        require(weights == wanted, f"it sends {weights}")
        require("mirror" not in route, f"it sends copies to {route.get('mirror')}")


def _require_mirror(kubectl: Kubectl, name: str) -> None:
    for route in _http(kubectl, name):
        require([_service(each["destination"]) for each in route["route"]] == [serving.SERVICE], "a split")
        require(_service(route.get("mirror") or {}) == serving.SHADOW, f"copies go to {route.get('mirror')}")


def _http(kubectl: Kubectl, name: str) -> list[Body]:
    route = kubectl.get("virtualservices.networking.istio.io", name, serving.NAMESPACE)
    found: list[Body] = route["spec"]["http"]
    return found


def _service(destination: Body) -> str:
    return str(destination.get("host", "")).partition(".")[0]
