"""When a retraining is due, on which data, beside which champion; and never two at once here."""

import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from pylib.errors import ConfigurationError
from pylib.provenance.statement import Definition
from pylib.provenance.step import record
from pylib.runners import retraining
from pylib.store.artifacts import ArtifactStore
from pylib.store.opening import open_store
from tests.release.conftest import bare_machine, commit_all, judged, promote, source

__all__ = ["bare_machine", "commit_all", "judged", "promote", "source"]


@pytest.fixture
def here(tmp_path, monkeypatch, source):
    """A store with a commit, and a repository to release from, as the variables of a user name them."""
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    monkeypatch.setenv("PYLIB_RELEASE_REPOSITORY", str(tmp_path / "gitops"))
    monkeypatch.setenv("PYLIB_STORE", (tmp_path / "store").as_uri())
    monkeypatch.setenv("PYLIB_RELEASE_SOURCE", str(source))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    store = open_store((tmp_path / "store").as_uri())
    store.create_repository("sample")

    def commit(content: bytes) -> str:
        return store.commit("sample", {"a": content}).id

    return SimpleNamespace(commit=commit)


def test_due_where_the_champion_has_not_seen_the_newest_commit(here, promote):
    first = here.commit(b"1")
    made = promote("first", data_commit=f"sample@{first}")
    needed = retraining.need("segmentation", {}, always=False)
    assert needed.arguments is None
    assert "has nothing newer; --always" in needed.why
    forced = retraining.need("segmentation", {}, always=True).arguments
    assert forced == {"data": f"sample@{first}", "champion": made.digest}
    second = here.commit(b"2")
    due = retraining.need("segmentation", {"data": "sample@master", "weights": "none"}, always=False)
    assert due.seen == f"sample@{first}"
    assert due.arguments == {"data": f"sample@{second}", "weights": "none", "champion": made.digest}


def test_what_a_search_found_keeps_its_name_unless_a_person_says_others(here, tmp_path, promote, judged):
    search = {"experiment": "smoke", "sha256": "ab" * 32, "trial": "smoke-abcdefgh"}
    model, _, _ = judged("first")
    given = {"options": {"batch": 8}, "search": search}
    record(Definition("train", given), {"model": model}, [], datetime.now(UTC))
    artifacts = ArtifactStore((tmp_path / "out/artifacts").as_uri())
    promote("first", data_commit=f"sample@{here.commit(b'1')}", artifacts=artifacts)
    here.commit(b"2")
    assert retraining.need("segmentation", {}, always=False).arguments.items() >= given.items()
    by_hand = retraining.need("segmentation", {"options": {"batch": 4}}, always=False).arguments
    assert "search" not in by_hand


def test_without_a_champion_the_gate_alone_decides_and_the_data_is_named(here):
    commit = here.commit(b"1")
    needed = retraining.need("segmentation", {"data": "sample@master"}, always=False)
    assert needed.arguments == {"data": f"sample@{commit}"}
    with pytest.raises(ConfigurationError, match="name it, --data repository@branch"):
        retraining.need("segmentation", {}, always=False)


HOLD = """
import sys
from pathlib import Path
from pylib.runners.retraining import turn
with turn(Path(sys.argv[1]), lambda: print("waiting", flush=True)):
    print("mine", flush=True)
    sys.stdin.readline()
"""


def test_one_waits_for_the_other_even_if_that_is_killed(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    first = subprocess.Popen(command, **pipes)
    assert first.stdout.readline() == "mine\n"
    second = subprocess.Popen(command, **pipes)
    assert second.stdout.readline() == "waiting\n"
    first.kill()
    first.communicate()
    assert second.stdout.readline() == "mine\n"
    second.communicate("\n")


def test_a_pipeline_that_serves_no_model_is_not_trained_again(here):
    with pytest.raises(
        ConfigurationError, match="tabular: it serves no model to train again; `pylib run tab"
    ):
        retraining.need("tabular", {"data": "sample@master"}, always=True)
