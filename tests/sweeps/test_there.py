"""A search on a cluster: what is created, and status changes followed as Katib writes them, over HTTP."""

import json
import threading
import time
from pathlib import Path

import pytest

from katib.counting import MAX_TRIALS
from pylib.errors import PipelineError, SweepError
from pylib.provenance.statement import read_bundle
from pylib.steps.search import search
from pylib.sweeps.found import Watch
from pylib.sweeps.reading import read
from pylib.sweeps.there import There
from tests.runners.kubernetes_server import serving
from tests.sweeps.katib_player import BEST, FAILED, STATES, playing
from tests.sweeps.trials import Place


@pytest.fixture
def server(tmp_path, monkeypatch):
    with serving(tmp_path, monkeypatch) as made:
        yield made


def found(tmp_path: Path, server, states=STATES, place=None, heard=None, pause=0.05, **there):
    place = place or Place(tmp_path / "place")
    lines = heard if heard is not None else []
    with playing(server, states, pause):
        return There("ml", pause=0.02, **there).search(
            read(place.file, here=False), Watch(lambda _: lambda *_: None, lines.append)
        )


def test_it_creates_the_experiment_and_ends_with_the_optimal_trial(tmp_path, server) -> None:
    heard: list[str] = []
    told = found(tmp_path, server, heard=heard)
    assert told.ending == MAX_TRIALS
    assert (told.trial, told.trials, told.value) == ("sweep-8xk2p9qd", 8, "0.97")
    assert told.assignments == {"x": "0.30000000000000004", "n": "3"}
    assert heard[0] == "Experiment ml/sweep was created"
    assert heard[-1] == "succeeded, 7 succeeded, 1 failed"
    (body,) = server.find("experiments")
    written = read(tmp_path / "place" / "experiment.yaml", here=False).experiment.body
    assert body["spec"] == written["spec"]
    assert body["metadata"]["namespace"] == "ml"


def test_a_watch_that_breaks_off_in_a_line_is_begun_again(tmp_path, server) -> None:
    server.cut = [1, 0, 1, 0]
    heard: list[str] = []
    assert found(tmp_path, server, heard=heard).trial == BEST["bestTrialName"]
    watches = [path for _, path in server.calls if "watch=true" in path]
    assert len(watches) > 2
    assert len(heard) == len(set(heard))


def test_a_version_that_is_gone_is_read_anew(tmp_path, server) -> None:
    server.compacted = 10**9
    assert found(tmp_path, server).trial == BEST["bestTrialName"]


def test_a_server_that_is_away_for_a_while_is_waited_for(tmp_path, server) -> None:
    server.cut, server.broken = [0], [None, None, 500, 503, 429]
    assert found(tmp_path, server).trial == BEST["bestTrialName"]
    assert server.broken == []


def test_a_failed_one_says_why(tmp_path, server) -> None:
    with pytest.raises(SweepError, match="max failed count has reached"):
        found(tmp_path, server, FAILED)


def test_the_same_one_is_gone_on_with_and_another_is_refused(tmp_path, server) -> None:
    found(tmp_path, server)
    heard: list[str] = []
    again = found(tmp_path, server, STATES[-1:], heard=heard)
    assert again.trial == BEST["bestTrialName"]
    assert heard[0] == "Experiment ml/sweep is there already"
    with pytest.raises(SweepError, match="another one of that name"):
        found(tmp_path, server, (), place=Place(tmp_path / "other", "epochs=5"))


def test_one_that_is_removed_is_an_error(tmp_path, server) -> None:
    def remove() -> None:
        while not server.find("experiments"):
            time.sleep(0.01)
        time.sleep(0.2)
        There("ml").delete("sweep")

    thread = threading.Thread(target=remove)
    thread.start()
    with pytest.raises(SweepError, match="was removed"):
        found(tmp_path, server, ())
    thread.join()


def test_nobody_waits_longer_than_was_said(tmp_path, server) -> None:
    with pytest.raises(SweepError, match=r"not finished in .* it goes on"):
        found(tmp_path, server, STATES[:2], hours=0.8 / 3600)
    assert server.find("experiments")


def test_what_the_account_may_not_do_is_said(tmp_path, server) -> None:
    server.allowed = {("get", "experiments")}
    with pytest.raises(PipelineError, match="cannot create"):
        found(tmp_path, server, ())


def test_gpus_are_a_clusters_own(tmp_path, server) -> None:
    found(tmp_path, server, gpus="2")
    (body,) = server.find("experiments")
    pod = body["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": "2"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_the_step_writes_the_same_file_as_here(tmp_path, server, monkeypatch) -> None:
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    place = Place(tmp_path / "place")
    search(tmp_path / "here", experiment=str(place.file), data="")
    monkeypatch.setenv("PYLIB_KATIB_NAMESPACE", "ml")
    with playing(server):
        search(tmp_path / "there", experiment=str(place.file), data="")
    here, there = (json.loads((tmp_path / name / "optimal.json").read_text()) for name in ("here", "there"))
    assert here.keys() == there.keys()
    assert here["experiment_sha256"] == there["experiment_sha256"]
    assert there["parameters"] == {"x": 0.30000000000000004, "n": 3}
    assert there["objective"]["value"] == 0.97
    assert there["words"][-2:] == ["x=0.30000000000000004", "n=3"]
    records = [read_bundle(tmp_path / name)[0] for name in ("here", "there")]
    definitions = [each["predicate"]["buildDefinition"]["externalParameters"] for each in records]
    assert definitions[0] == definitions[1]
