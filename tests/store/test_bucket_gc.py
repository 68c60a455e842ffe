"""What is collected in a bucket, and what is not, whatever commits do meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from pylib.errors import StoreError
from pylib.store import bucket_fence
from pylib.store.bucket_fsck import fsck
from pylib.store.bucket_gc import gc
from pylib.store.bucket_history import tree_key
from pylib.store.sources import hash_sources
from tests.store.in_bucket import delete, names, opened, put


@pytest.fixture
def store(s3):
    return opened()


def leftover(store, content=b"left"):
    """What a writer leaves that was killed before it moved the branch."""
    store.blobs.upload({"x": content}, hash_sources({"x": content}), timedelta(days=1))
    put(tree_key("0" * 64), b"")
    put("probes/0", b"")


def test_gc_deletes_what_no_commit_needs_and_is_old(store, s3):
    commit = store.commit("r", {"a": b"content"})
    store.commit("r", {"a": b"newer"})
    leftover(store)
    assert gc(opened()).blobs == 0  # a commit may be about to name it
    s3.age(days=2)
    assert len(fsck(opened()).orphans) == 3
    assert gc(opened(), dry_run=True) == gc(opened())
    assert gc(opened()).blobs == 0
    assert fsck(opened()).problems == fsck(opened()).orphans == []
    assert opened().read(commit, "a") == b"content"


def test_gc_deletes_nothing_where_it_cannot_know(store, s3):
    store.commit("r", {"a": b"content"})
    leftover(store)
    s3.age(days=2)
    delete(tree_key(opened().head("r").tree))
    before = names(s3)
    with pytest.raises(StoreError, match="is missing: restore it"):
        gc(opened())
    assert [name for name in names(s3) if not name.endswith("gc.json")] == before


def test_what_gc_took_while_a_commit_counted_on_it_is_uploaded_again(store, s3):
    """At each of its requests in turn, the commit is overtaken by a whole collection of what it has found."""
    store.commit("r", {"a": b"1"})
    for moment in range(60):
        leftover(opened(), content := b"%d" % moment)
        s3.age(days=0.49)  # young enough to be counted on
        leftover(opened(), b"other")
        count, over = iter(range(10**6)), []

        def fault(request, moment=moment, count=count, over=over):
            if next(count) == moment:
                s3.fault = lambda _: None
                over.append(threading.Thread(target=collect))
                over[0].start()

        def collect():
            s3.age(days=0.52)  # half a day goes by, and gc runs
            gc(opened())

        s3.fault = fault
        commit = opened().commit("r", {"a": content})
        s3.fault = lambda _: None
        for thread in over:
            thread.join()
        assert opened().read(commit, "a") == content
        assert fsck(opened()).problems == []
        if not over:
            return
    pytest.fail("60 requests are more than a commit makes: look further")


def test_a_commit_waits_for_a_collection(store, s3):
    store.commit("r", {"a": b"1"})
    with store.fence.held(), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(opened().commit, "r", {"a": b"2"})
        with pytest.raises(TimeoutError):
            waiting.result(timeout=2)
        assert opened().read("r", "a") == b"1"  # who reads does not wait
        store.objects.put(bucket_fence.KEY, b'{"running": false}')
        assert waiting.result(timeout=60).parent


def test_the_mark_of_a_killed_collection_is_taken_away(store, s3, monkeypatch):
    monkeypatch.setattr(bucket_fence, "SILENCE_SECONDS", 1.5)
    store.commit("r", {"a": b"1"})
    mark = store.fence.held()
    held = mark.__enter__()
    assert opened().commit("r", {"a": b"2"}).files == 1
    held._touched -= 60
    with pytest.raises(StoreError, match="another one runs, or this one was too slow"):
        held.touch()  # it was only slow, and finds that others have gone on
    assert gc(opened()).blobs == 0
