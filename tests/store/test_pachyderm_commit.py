"""A commit in pachd between its opening and its end: whatever happens to its writer, nothing is left open."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from pylib.errors import StoreError
from pylib.store import pachyderm_commit
from pylib.store.pachd import Pachd
from pylib.store.pachyderm import PachydermStore
from pylib.store.pachyderm_names import handle
from pylib.store.pachyderm_writer import is_mark, marked
from tests.store.pachd_contract import branch_of
from tests.store.standin import REPO_WRITER, ROOT, serving

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def open_heads(standin):
    return [held for held in standin.commits.values() if held.info.finishing.timestamp() <= 0]


@pytest.mark.parametrize("rpc", ["StartCommit", "AddFileSet", "EditMetadata", "FinishCommit"])
def test_an_answer_that_is_lost_leaves_nothing_open(standin, store, rpc):
    first = store.commit("pets", {"a": b"1"})
    standin.lost = {rpc: UNAVAILABLE}
    with pytest.raises(StoreError, match="answer is lost"):
        store.commit("pets", {"a": b"2"})
    standin.lost = {}
    assert open_heads(standin) == []
    assert store.commit("pets", {"a": b"3"}).files == 1
    assert store.log("pets")[-1] == first


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_ends_a_commit_drops_it(standin, store, error, monkeypatch):
    first = store.commit("pets", {"a": b"1"})

    def end(*_):
        raise error

    monkeypatch.setattr(pachyderm_commit, "_fill", end)
    with pytest.raises(error):
        store.commit("pets", {"a": b"2"})
    assert open_heads(standin) == []
    assert store.log("pets") == [first]


WRITER = """
import sys
import time
from pylib.store.opening import open_store
open_store(sys.argv[1]).commit("pets", {"a": b"2"})
"""


def start_writer(standin):
    """Start a writer in a process of its own, and return it when its commit is open."""
    hold = standin.hold("EditMetadata")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, f"pachd://{standin.address}"])
    assert hold.reached.wait(120)
    assert is_mark(open_heads(standin)[0].info.description)
    return writer, hold


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_writer_that_is_told_to_end_drops_its_commit(standin, store, number):
    first = store.commit("pets", {"a": b"1"})
    writer, hold = start_writer(standin)
    writer.send_signal(number)
    assert writer.wait(120) != 0
    hold.release.set()
    assert open_heads(standin) == []
    assert store.head("pets") == first


def test_a_writer_that_is_killed_leaves_nothing_in_the_way(standin, store):
    first = store.commit("pets", {"a": b"1"})
    writer, hold = start_writer(standin)
    writer.kill()
    writer.wait(120)
    hold.release.set()
    assert store.head("pets") == first
    del standin.held["EditMetadata"]
    assert store.commit("pets", {"a": b"3"}).parent == first.id


def test_a_commit_that_its_writer_finished_just_before_it_went_stays(standin, store, monkeypatch):
    first = store.commit("pets", {"a": b"1"})
    with marked() as mark:
        opened = store._pachd.pfs.start_commit(branch=branch_of("pets"), description=mark)

    def finished_meanwhile(_mark):
        store._pachd.pfs.finish_commit(commit=opened, description="theirs")
        return True

    monkeypatch.setattr(pachyderm_commit, "is_gone", finished_meanwhile)
    third = store.commit("pets", {"a": b"3"})
    assert [commit.id for commit in store.log("pets")] == [third.id, opened.id, first.id]


def test_a_writer_elsewhere_that_is_gone_is_not_waited_for_long(standin, store, monkeypatch):
    first = store.commit("pets", {"a": b"1"})
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("pylib.store.pachyderm_writer._place", lambda: "another-machine")
        with marked() as mark:
            store._pachd.pfs.start_commit(branch=branch_of("pets"), description=mark)
    monkeypatch.setattr(pachyderm_commit, "OPEN_SECONDS", 0.5)
    assert store.commit("pets", {"a": b"3"}).parent == first.id
    assert open_heads(standin) == []


def test_a_finishing_commit_that_is_dropped_is_looked_for_again(standin, store):
    first = store.commit("pets", {"a": b"1"})
    standin.finishing_seconds = 60
    opened = store._pachd.pfs.start_commit(branch=branch_of("pets"))
    store._pachd.pfs.finish_commit(commit=opened)
    standin.finishing_seconds = 0
    standin.calls.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.commit, "pets", {"a": b"2"})
        while standin.calls.count("InspectCommit") < 2:  # the second one waits for the end of the commit
            time.sleep(0.01)
        store._pachd.pfs.drop_commit(commit=opened)
        assert waiting.result().parent == first.id


def test_a_commit_that_failed_is_named(standin, store):
    first = store.commit("pets", {"a": b"1"})
    failed = standin.pick(handle(store.commit("pets", {"a": b"2"}).ref)).info
    failed.error = "validation:\nfailed"
    assert store.head("pets") == first
    with pytest.raises(
        StoreError, match=f"validation: failed.*pachctl delete commit pets@{failed.commit.id}"
    ):
        store.commit("pets", {"a": b"3"})


def test_a_writer_of_a_repository_needs_no_other_right():
    with serving({"root": ROOT, "writer": REPO_WRITER}) as (standin, address):
        writer = PachydermStore(Pachd(address, "writer"))
        with pytest.raises(StoreError, match=r"create repository pets: .*PROJECT_CREATE_REPO"):
            writer.commit("pets", {"a": b"1"})
        PachydermStore(Pachd(address, "root")).create_repository("pets")
        first = writer.commit("pets", {"a": b"1"})
        standin.broken = {"FinishCommit": UNAVAILABLE}
        with pytest.raises(StoreError):
            writer.commit("pets", {"a": b"2"})
        assert (open_heads(standin), writer.log("pets")) == ([], [first])
