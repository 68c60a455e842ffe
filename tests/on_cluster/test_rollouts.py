"""Releases and their reverts: every call over REST and gRPC is answered, and then there is rest."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.on_cluster import argocd, serving
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.models import Store, make_unet, release_model
from tests.on_cluster.platform import Platform
from tests.on_cluster.waiting import until

pytestmark = pytest.mark.cluster
ROLLOUTS = 10
REST_SECONDS = 10


def test_ten_rollouts_in_a_row_drop_no_call(
    kubectl: Kubectl,
    server: Body,
    serve_image: str,
    platform: Platform,
    store: Store,
    first_digest: str,
    tmp_path: Path,
    record: dict[str, Any],
) -> None:
    unet = make_unet(tmp_path)
    seconds: list[float] = []
    with serving.steady_load(kubectl, serve_image, connections=2, per_second=8) as load:
        before = load.go_on(20)
        released = release_model(unet, store, platform.repository).digest
        for number in range(ROLLOUTS):
            if number:
                platform.repository.revert()  # of the release, then of its revert, and so on
            digest = first_digest if number % 2 else released
            seconds.append(_seconds_until_served(kubectl, platform, digest))
            at, end = len(load.answers), load.go_on(20)
            # Those that were on their way when they were counted may be of the former model.
            settled = load.answers[at + 2 * serving.KINDS : end]
            assert {each.digest for each in settled if not each.error} <= {digest}
        answers = load.answers
    record["seconds_from_release_to_served"], record["seconds_from_revert_to_served"] = seconds[:2]
    for kind in ("rest", "grpc"):
        record[f"{kind}_calls_during_{ROLLOUTS}_rollouts"] = sum(each.protocol == kind for each in answers)
    failed = [f"{each.protocol}: {each.error}" for each in answers if each.error]
    record["calls_failed"], record["slowest_answer_seconds"] = len(failed), max(e.seconds for e in answers)
    assert not failed, f"{len(failed)} of {len(answers)}: {failed[:3]}"
    assert {each.digest for each in answers[:before]} == {first_digest}


def test_a_released_model_at_rest_is_written_by_nobody(
    kubectl: Kubectl,
    server: Body,
    platform: Platform,
    store: Store,
    first_digest: str,
    tmp_path: Path,
    record: dict[str, Any],
) -> None:
    released = release_model(make_unet(tmp_path), store, platform.repository)
    _seconds_until_served(kubectl, platform, released.digest)
    before = until(60, "rest", lambda: serving.at_rest(kubectl))
    time.sleep(REST_SECONDS)
    after = serving.versions(kubectl)
    platform.repository.revert(released.commit)
    _seconds_until_served(kubectl, platform, first_digest)
    record["writes_at_rest"] = {key: [before[key], after[key]] for key in before if before[key] != after[key]}
    assert after == before


def _seconds_until_served(kubectl: Kubectl, platform: Platform, digest: str) -> float:
    """How long it takes the commit just pushed until its model is all that runs."""
    started = time.monotonic()
    argocd.wait_until_good(kubectl, serving.APPLICATION, platform.repository.head, seconds=180)
    until(120, f"pods of {digest[:12]} alone", lambda: serving.rolled_out(kubectl, digest))
    return round(time.monotonic() - started, 1)
