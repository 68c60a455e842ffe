"""A commit that is killed at any moment: what it has is marked, before anything else is decided of it."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest

from pylib.data.dataset import DatasetIndex
from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.errors import ReviewError
from pylib.review import begun
from pylib.review.commit import commit_accepted
from pylib.review.lock import turn
from pylib.review.queue import Queue
from pylib.review.settling import settle
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store
from tests.data.made import encode, noise
from tests.review.submitting import decision, put

KILLS = 8
COMMITTER = Path(__file__).with_name("committer.py")


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A folder with a store of twelve labelled images, and an inbox with two that were accepted."""
    folder = tmp_path_factory.mktemp("ready")
    for number in range(12):
        path = folder / "pets" / ("cat", "dog")[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(number)))
    store = open_store((folder / "store").as_uri())
    ingest(str(folder / "pets"), store, "pets", Options(task="classification"), cache=folder / "cache")
    queue = Queue(Inbox((folder / "inbox").as_uri()))
    for number in range(2):
        queue.decide(decision(put(queue.inbox, encode(noise(1000 + number)))))
    return folder


@pytest.fixture
def copied(ready, tmp_path):
    """The queue and the store of a copy of it, and the two submissions."""
    return _copied(ready, tmp_path / "copy")


def _copied(ready, folder):
    shutil.copytree(ready, folder)
    queue, store = Queue(Inbox((folder / "inbox").as_uri())), open_store((folder / "store").as_uri())
    return queue, store, [each["id"] for each in queue.accepted()]


def _ids(store):
    index = DatasetIndex.loads(store.read("pets", "dataset.json"))
    return Counter(item.id.removeprefix("feedback/") for item in index.items)


@pytest.fixture(scope="module")
def committer():
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, COMMITTER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:

        def commit(folder, event):
            process.stdin.write(f"{folder / 'inbox'} {folder / 'store'} {event}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield commit
        process.stdin.close()


def test_killed_at_any_moment_nothing_is_decided_twice_and_nothing_lost(ready, committer, tmp_path):
    ends = Counter()
    _copied(ready, tmp_path / "whole")
    events = int(committer(tmp_path / "whole", -1))
    for event in {1, *(events * part // KILLS for part in range(1, KILLS)), events - 1, events}:
        folder = tmp_path / str(event)
        queue, store, (first, second) = _copied(ready, folder)
        assert committer(folder, event) == "killed"
        made = _ids(store)
        assert settle(queue, lambda store=store: store) == []
        there = {each for each in (first, second) if made[each]}
        assert {each for each in (first, second) if queue.committed(each)} == there
        with pytest.raises(ReviewError, match="is in pets@") if there else nullcontext():
            queue.reject_accepted(first, "bob", "no dog")
        commit_accepted(queue, store, "pets", by="ann")
        assert (_ids(store)[first], _ids(store)[second]) == (first in there, 1)
        assert queue.counts()["accepted"] == 0
        ends[len(there)] += 1
        shutil.rmtree(folder)
    assert set(ends) == {0, 2}


def test_what_a_killed_commit_held_is_not_rejected_before_somebody_has_looked(copied):
    queue, store, (first, second) = copied
    begun.begin(queue.inbox, store.head("pets"), "master", {first: f"feedback/{first}"})
    with pytest.raises(ReviewError, match="a commit to pets@master takes it, or was killed: try again later"):
        queue.reject_accepted(first, "bob", "no dog")
    queue.reject_accepted(second, "bob", "no dog")
    with turn(queue.inbox, "pets", "master", "ann"):  # it is at work still
        assert settle(queue, lambda: store) == []
        with pytest.raises(ReviewError, match="takes it"):
            queue.reject_accepted(first, "bob", "no dog")
    assert settle(queue, lambda: store) == []
    queue.reject_accepted(first, "bob", "no dog")


def test_what_a_later_commit_took_away_again_was_committed_all_the_same(copied, tmp_path):
    queue, store, both = copied
    head = store.head("pets")
    made = commit_accepted(queue, store, "pets", by="ann")
    for each in both:
        (tmp_path / "copy/inbox/commits" / f"{each}.json").unlink()
    begun.begin(queue.inbox, head, "master", {each: f"feedback/{each}" for each in both})
    ingest(str(tmp_path / "copy/pets"), store, "pets", Options(replace=True), cache=tmp_path / "cache")
    assert not {*both} & {*_ids(store)}
    assert settle(queue, lambda: store) == []
    assert {queue.committed(each) for each in both} == {str(made.ref)}


def test_another_store_says_nothing_of_it(copied, tmp_path):
    queue, store, (first, _) = copied
    begun.begin(queue.inbox, store.head("pets"), "master", {first: f"feedback/{first}"})
    other = open_store((tmp_path / "other").as_uri())
    (unknown,) = settle(queue, lambda: other)
    assert "whether 1 items are in pets@master is not known: no store at" in unknown
    other.commit("pets", {"a": b"1"})
    (unknown,) = settle(queue, lambda: other)
    assert "is not in this store: name the one that it was made in" in unknown
    with pytest.raises(ReviewError, match="takes it"):
        queue.reject_accepted(first, "bob", "no dog")
