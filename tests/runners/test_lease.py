"""Whose turn it is, over HTTP to a server that refuses as Kubernetes' does."""

import threading
import time

import pytest

from pylib.errors import PipelineError
from pylib.kubernetes_api import LEASES, KubernetesApi
from pylib.runners import lease
from tests.runners.kubernetes_server import serving

SHORT = 1.2


@pytest.fixture
def server(tmp_path, monkeypatch):
    with serving(tmp_path, monkeypatch) as made:
        yield made


def spec(server):
    (found,) = server.find("leases")
    return found["spec"]


def taken(holder, heard=None, **more):
    return lease.taken(KubernetesApi(), "ml", holder, (heard if heard is not None else []).append, **more)


def test_the_first_one_makes_the_lease_and_leaves_it_free(server):
    with taken("first") as mine:
        mine.check()
        assert spec(server)["holderIdentity"] == "first"
        assert spec(server)["leaseDurationSeconds"] == 60
    assert "holderIdentity" not in spec(server)
    assert spec(server)["leaseTransitions"] == 1


def test_of_many_that_come_at_once_one_at_a_time_has_it(server):
    inside, most, done = [], [], []

    def work(name):
        with taken(name, seconds=SHORT):
            inside.append(name)
            most.append(len(inside))
            time.sleep(0.15)
            inside.remove(name)
        done.append(name)

    threads = [threading.Thread(target=work, args=(f"pod-{index}",)) for index in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(done) == [f"pod-{index}" for index in range(6)]
    assert max(most) == 1
    assert spec(server)["leaseTransitions"] == 6


def test_who_works_for_longer_than_it_lasts_keeps_it(server):
    heard, order = [], []
    with taken("slow", seconds=SHORT) as mine:
        other = threading.Thread(target=lambda: wait_and_note(order, heard))
        other.start()
        time.sleep(3 * SHORT)
        mine.check()
        order.append("slow has ended")
    other.join()
    assert order == ["slow has ended", "next"]
    assert heard == ["waiting for slow to end"]


def wait_and_note(order, heard):
    with taken("next", heard, seconds=SHORT):
        order.append("next")


def test_one_that_died_is_waited_for_as_long_as_its_lease_lasts_by_our_own_clock(server):
    spec = {"holderIdentity": "dead", "leaseDurationSeconds": 1, "renewTime": "2001-01-01T00:00:00.000000Z"}
    server.put("leases", {"metadata": {"name": "retrain", "namespace": "ml"}, "spec": spec})
    heard = []
    started = time.monotonic()
    with taken("next", heard, seconds=SHORT):
        assert time.monotonic() - started > 1  # never sooner: its clock may be wrong, and it alive
    assert heard == ["waiting for dead to end"]


def test_a_turn_that_another_took_is_noticed_before_anything_is_started(server):
    with taken("paused", seconds=SHORT) as mine:
        kept = server.find("leases")[0]
        server.put("leases", {**kept, "spec": {**kept["spec"], "holderIdentity": "other"}})
        time.sleep(SHORT)
        with pytest.raises(
            PipelineError, match="Lease ml/retrain: lost to other; nothing was started"
        ) as error:
            mine.check()
    assert "\n" not in str(error.value)
    assert spec(server)["holderIdentity"] == "other"  # what is not ours is not given back


def test_an_api_server_that_is_away_for_a_moment_costs_nothing(server):
    with taken("steady", seconds=SHORT) as mine:
        server.broken = [500, 503]
        time.sleep(SHORT)
        mine.check()
    assert "holderIdentity" not in spec(server)


def test_a_wait_has_an_end_that_names_who_has_it(server):
    with taken("first"), pytest.raises(PipelineError, match=r"Lease ml/retrain: still the turn of first"):
        lease.Turn(KubernetesApi(), "ml", "second", SHORT).take(time.monotonic() - 1, [].append)


def test_a_missing_right_is_one_line_that_names_it(server):
    server.allowed = {("get", "leases")}
    with (
        pytest.raises(PipelineError, match=r'403 .* cannot create resource "leases"') as error,
        taken("first"),
    ):
        pass
    assert "\n" not in str(error.value)


def test_it_is_given_back_whatever_happens(server):
    with pytest.raises(ZeroDivisionError), taken("first"):
        raise ZeroDivisionError
    assert "holderIdentity" not in spec(server)


def test_a_write_of_an_older_version_is_refused(server):
    api, path = KubernetesApi(), LEASES.format("ml")
    old = api.create(path, {"metadata": {"name": "retrain", "namespace": "ml"}})
    api.replace(path, {**old, "spec": {"leaseDurationSeconds": 1}})
    with pytest.raises(PipelineError, match="409 Operation cannot be fulfilled"):
        api.replace(path, {**old, "spec": {"leaseDurationSeconds": 2}})


def test_without_a_cluster_the_line_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(PipelineError, match=r"no Kubernetes API: .*set KUBECONFIG"):
        KubernetesApi()
