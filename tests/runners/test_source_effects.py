"""What is said, after a retraining, of the reviewed data that came since the champion's."""

import base64
import json
from dataclasses import asdict

import numpy as np
import pytest

from pylib.data.images import encode_png
from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.review.commit import commit_accepted
from pylib.review.effect import Effect
from pylib.review.queue import Queue
from pylib.runners.retraining import Need
from pylib.runners.source_effects import EFFECTS, effects_of, kept_effects, where_to_ask
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store
from tests.data.made import Folder, encode, noise
from tests.review.submitting import decision, put


@pytest.fixture
def commits(tmp_path, monkeypatch):
    """A commit of thirty masks, and one that adds what somebody sent."""
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    for name in ("PYLIB_STORE", "PACHD_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    folder, store = Folder(tmp_path / "masks"), open_store((tmp_path / "out/store").as_uri())
    queue = Queue(Inbox((tmp_path / "out/inbox").as_uri()))
    for number in range(30):
        folder.put(f"item_{number:02}", seed=number)
    first = ingest(str(folder.root), store, "masks", Options(), cache=tmp_path / "cache").commit
    drawn = np.zeros((40, 48), np.uint8)
    drawn[5:20, 5:20] = 1
    truth = {"mask_png": base64.b64encode(encode_png(drawn)).decode()}
    queue.decide(decision(put(queue.inbox, encode(noise(1000)), task="segmentation"), truth=truth))
    return str(first.ref), str(commit_accepted(queue, store, "masks", by="ann").ref)


def test_of_masks_it_names_the_two_trainings(commits, tmp_path):
    first, second = commits
    (said,) = effects_of(second, first, {"weights": "none"}, tmp_path)
    assert said.startswith("what the new data changed: segmentation: a model with and one without")
    assert f"run the pipeline on {second} and on {first}" in said
    assert not (tmp_path / EFFECTS).exists()


def test_what_a_run_kept_is_read_again_and_nothing_of_what_is_damaged(tmp_path):
    found = Effect("kitchen", 12, 80, 0.75, 0.5, 0.25, 0.125, 0.375)
    (tmp_path / EFFECTS).write_text(json.dumps([asdict(found)]))
    assert kept_effects(tmp_path) == [found]
    assert kept_effects(tmp_path / "other") == []
    for damaged in ("", "{", "[1]", '[{"source": "kitchen"}]', "3"):
        (tmp_path / EFFECTS).write_text(damaged)
        assert kept_effects(tmp_path) == []


def test_where_nothing_was_reviewed_since_nothing_is_said(commits, tmp_path):
    first, second = commits
    assert effects_of(second, second, {}, tmp_path) == []
    assert effects_of(first, first, {}, tmp_path) == []
    assert effects_of(second, "", {}, tmp_path) == []


def test_a_commit_that_is_gone_is_said_in_a_line(commits, tmp_path):
    (said,) = effects_of(commits[1], f"masks@{'0' * 64}", {}, tmp_path)
    assert said.startswith("what the new data changed: ")
    assert "0000" in said


def test_after_a_training_on_a_cluster_the_command_is_named():
    need = Need({"data": "pets@2"}, "", "pets@1")
    assert where_to_ask(need) == [
        "what the new data changed: `pylib review effect pets@2 --since pets@1` says it"
    ]
    assert where_to_ask(Need({"data": "pets@2"}, "")) == []
