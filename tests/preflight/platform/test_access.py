"""What pylib calls on a cluster, recorded over real HTTP, is what its account's record says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from preflight.errors import ConfigurationError
from preflight.platform.access import FILE, asked, asked_of_server, recorded
from pylib.provenance.materials import ROOT
from pylib.runners import cluster, following
from pylib.runners.connection import connect
from pylib.sweeps.found import NOBODY
from pylib.sweeps.reading import read
from pylib.sweeps.there import There
from tests.runners import kubernetes_server
from tests.runners.pipelines_api import serving
from tests.sweeps.katib_player import STATES, playing
from tests.sweeps.trials import Place


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """The requests of a pipeline's first and of its second run."""
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "good")
    with serving() as server:
        monkeypatch.setenv("KF_PIPELINES_ENDPOINT", server.url)
        for _ in range(2):
            connection = connect("ml")
            run = cluster.submit("segmentation", {"data": "sample@" + "a" * 64}, connection)
            following.follow(run, connection, poll_seconds=0.01)
        yield server.calls


@pytest.fixture
def of_searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The requests of a search that is created, met again, and deleted."""
    file = Place(tmp_path / "place").file
    with kubernetes_server.serving(tmp_path, monkeypatch) as server:
        for states in (STATES, STATES[-1:]):
            with playing(server, states):
                There("ml", pause=0.02).search(read(file, here=False), NOBODY)
        There("ml").delete("sweep")
        return list(server.calls)


def test_the_record_is_what_pylib_calls(
    calls: list[tuple[str, str]], of_searches: list[tuple[str, str]]
) -> None:
    needed: dict[str, list[str]] = {}
    for access in sorted({asked(*call) for call in calls} - {None}):
        needed.setdefault(access[1], []).append(access[2])
    for group, resource, verb in sorted({asked_of_server(*call) for call in of_searches}):
        verbs = needed.setdefault(f"{resource.split()[0]}.{group}", [])
        verbs += [verb] if verb not in verbs else []
    record = recorded(ROOT)
    assert record is not None
    assert {kind: sorted(verbs) for kind, verbs in record.needed.items()} == {
        kind: sorted(verbs) for kind, verbs in needed.items()
    }, f"pylib's calls have changed; write into {FILE}:\n{yaml.safe_dump({'needed': needed})}"


@pytest.mark.parametrize(
    ("method", "path", "resource", "verb"),
    [
        ("POST", "/apis/v2beta1/runs", "runs", "create"),
        ("GET", "/apis/v2beta1/runs?page_size=10&namespace=ml", "runs", "list"),
        ("GET", "/apis/v2beta1/runs/7f3a", "runs", "get"),
        ("POST", "/apis/v2beta1/runs/7f3a:terminate", "runs", "terminate"),
        ("DELETE", "/apis/v2beta1/experiments/e1", "experiments", "delete"),
        ("POST", "/apis/v2beta1/recurringruns/7f3a:disable", "jobs", "disable"),
        ("POST", "/apis/v2beta1/pipelines/create", "pipelines", "create"),
        ("GET", "/apis/v2beta1/pipelines/names/segmentation", "pipelines", "get"),
        ("GET", "/apis/v2beta1/pipelines/p1/versions", "pipelines", "list"),
        ("GET", "/apis/v2beta1/pipelines/p1/versions/v1", "pipelines", "get"),
        ("POST", "/apis/v2beta1/pipelines/p1/versions", "pipelines", "create"),
    ],
)
def test_a_request_is_asked_about_as_its_verb(method: str, path: str, resource: str, verb: str) -> None:
    assert asked(method, path) == ("pipelines.kubeflow.org", resource, verb)


def test_nothing_is_asked_about_health() -> None:
    assert asked("GET", "/apis/v2beta1/healthz") is None


@pytest.mark.parametrize("path", ["/apis/v2beta1/secrets", "/apis/v1beta1/runs", "/api/v1/namespaces"])
def test_a_request_of_another_api_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"not of Kubeflow Pipelines' API v2beta1"):
        asked("GET", path)


def test_a_broken_record_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.parent.mkdir(parents=True)
    file.write_text("account: {namespace: ml}\nneeded: {runs: [create]}\n")
    with pytest.raises(
        ConfigurationError, match=r"^cluster-conf/ml-user/access.yaml: .*account.name"
    ) as error:
        recorded(tmp_path)
    assert "\n" not in str(error.value)


def test_without_a_record_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert recorded(tmp_path) is None
