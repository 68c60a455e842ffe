"""A store in a bucket: the ids it gives, what a server may answer, and what is one line."""

import threading
from datetime import timedelta

import pytest

from pylib.errors import NotFoundError, StoreError
from pylib.store import bucket, bucket_blobs
from pylib.store.bucket import BucketStore
from pylib.store.bucket_fsck import fsck
from pylib.store.bucket_gc import gc
from pylib.store.local import LocalStore
from tests.store.in_bucket import URL, names, opened, put


@pytest.fixture
def store(s3):
    return opened()


def test_ids_are_those_of_a_local_store(store, tmp_path):
    local = LocalStore(tmp_path / "store")
    for each in (store, local):
        raw = each.commit("raw", {"a b": b"1", "d/Ä": b"2"})
        each.commit("pets", {"x": b"1"}, provenance=[raw], description=str(each))
        each.commit("pets", {"y": b"2"}, mode="add", provenance=["raw"])
        each.commit("pets", {}, mode="add", deletions=["x"])
    for name in ("raw", "pets"):
        assert [each.id for each in store.log(name)] == [each.id for each in local.log(name)]
        assert [each.tree for each in store.log(name)] == [each.tree for each in local.log(name)]


def test_equal_content_is_kept_once(store, s3):
    store.commit(
        "r", {f"{n}": b"same" for n in range(50)} | {"large": bytes(20 << 20), "twin": bytes(20 << 20)}
    )
    store.commit("r", {"other": b"same"}, branch="b")
    assert len(names(s3, "blobs/")) == 2
    assert fsck(store).problems == []


def test_many_files_are_looked_for_by_listing(store, s3, monkeypatch):
    monkeypatch.setattr(bucket_blobs, "_MANY", 20)
    tree = {f"{n}": b"%d" % n for n in range(60)}
    commit = store.commit("r", tree)
    s3.requests.clear()
    assert store.commit("r", tree) == commit
    assert "HEAD" not in {each.method for each in s3.requests}
    assert not [each for each in s3.requests if each.method == "PUT" and "blobs/" in each.key]


def is_move(request):
    return request.method == "PUT" and "/branches/" in request.key


def once(code, chosen=lambda _: True):
    """A fault of the first request that is chosen; retried ones come after it."""
    left = [code]
    return lambda request: left.pop() if left and chosen(request) else None


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "SlowDown", "InternalError", "lost"])
@pytest.mark.parametrize("first", [True, False])
def test_a_branch_moves_once_whatever_its_write_is_answered(store, s3, code, first):
    before = [] if first else [store.commit("pets", {"a": b"1"}).id]
    s3.fault = once(code, is_move)
    made = store.commit("pets", {"b": b"2"}, description="mine")
    assert [each.id for each in reversed(opened().log("pets"))] == [*before, made.id]
    assert opened().inspect(made.ref) == made == opened().head("pets")


def test_a_lost_answer_is_found_beneath_what_others_built_on_it(store, s3):
    store.commit("pets", {"a": b"1"})
    other = []

    def fault(request):
        if not is_move(request) or other:
            return None
        other.append(None)
        threading.Thread(
            target=lambda: other.append(opened().commit("pets", {"c": b"3"}, mode="add"))
        ).start()
        return "lost"

    s3.fault = fault
    made = store.commit("pets", {"b": b"2"})
    while len(other) < 2:
        pass
    log = [each.id for each in opened().log("pets")]
    assert log.count(made.id) == 1
    assert sorted(log) == sorted({*log})
    assert len(log) == 3


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_a_server_that_is_slow_now_and_then_is_asked_again(store, s3, method):
    count = iter(range(10**6))
    s3.fault = lambda request: "SlowDown" if request.method == method and next(count) % 3 == 0 else None
    commit = store.commit("pets", {f"{n}": b"%d" % n for n in range(20)})
    assert {file.path: opened().read(commit, file.path) for file in opened().ls(commit)} == {
        f"{n}": b"%d" % n for n in range(20)
    }


def test_a_failing_server_leaves_the_old_commit(store, s3):
    first = store.commit("pets", {"a": b"1"})
    for folder in ("blobs/", "trees/", "branches/"):
        s3.fault = lambda request, folder=folder: (
            "AccessDenied" if request.method == "PUT" and folder in request.key else None
        )
        with pytest.raises(StoreError, match="no permission at http"):
            store.commit("pets", {"a": b"2" + folder.encode()})
        s3.fault = lambda _: None
        assert opened().log("pets") == [first]
    assert store.commit("pets", {"a": b"2"}).parent == first.id
    assert fsck(store).problems == []


def test_a_commit_whose_writer_ended_at_once_is_found(store, s3):
    s3.fault = lambda request: (
        "AccessDenied" if request.method == "PUT" and "/commits/" in request.key else None
    )
    first = store.commit("pets", {"a": b"1"})
    assert names(s3, "commits/") == []
    assert opened().inspect(first.ref) == first
    with pytest.raises(
        StoreError, match="no permission"
    ):  # nobody moves on before it has an object of its own
        opened().commit("pets", {"a": b"2"})
    assert opened().log("pets") == [first]
    s3.fault = lambda _: None
    second = opened().commit("pets", {"a": b"3"})
    assert opened().log("pets") == [second, first]
    assert opened().inspect(first.ref) == first


def test_servers_without_conditional_writes_are_refused(s3):
    s3.unconditional = True
    with pytest.raises(StoreError, match="ignores If-None-Match") as caught:
        BucketStore(URL).commit("pets", {"a": b"1"})
    assert f"{URL} at {s3.endpoint}" in str(caught.value)
    assert names(s3) == []
    s3.unconditional, s3.racy = False, True
    with pytest.raises(StoreError, match="8 conditional writes that raced were told that they won"):
        BucketStore(URL).commit("pets", {"a": b"1"})
    assert names(s3) == []
    s3.racy, s3.fault = False, lambda request: "NotImplemented" if request.condition else None
    with pytest.raises(StoreError, match="has no conditional writes"):
        BucketStore(URL).commit("pets", {"a": b"1"})


@pytest.mark.parametrize("kept", ["HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"])
def test_half_of_the_conditions_is_not_enough(s3, monkeypatch, kept):
    monkeypatch.setattr("tests.store.s3.CONDITIONS", ({"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"} - {kept}))
    s3.unconditional = True
    with pytest.raises(StoreError, match="ignores"):
        BucketStore(URL).commit("pets", {"a": b"1"})


def test_a_store_that_came_to_such_a_server_is_refused_too(store, s3):
    first = store.commit("pets", {"a": b"1"})
    s3.unconditional = True
    with pytest.raises(StoreError, match="ignores If-None-Match"):
        opened().commit("pets", {"a": b"2"})
    assert opened().log("pets") == [first]


ERRORS = {
    "AccessDenied": "no permission at http://127.0.0.1:.*AWS_ACCESS_KEY_ID",
    "InvalidAccessKeyId": "the key is not accepted at http://127.0.0.1:.*AWS_SECRET_ACCESS_KEY",
}


@pytest.mark.parametrize("code", ERRORS)
def test_a_key_that_may_not_is_one_line(s3, code):
    s3.fault = lambda _: code
    for call in (lambda s: s.list_repositories(), lambda s: s.commit("pets", {"a": b"1"}), fsck, gc):
        with pytest.raises(StoreError, match=ERRORS[code]) as caught:
            call(opened())
        assert "\n" not in str(caught.value)
        assert URL in str(caught.value)


def test_places_that_are_not_there(s3, monkeypatch):
    for call in (lambda s: s.list_repositories(), lambda s: s.head("pets"), fsck, gc):
        with pytest.raises(NotFoundError, match=f"no store at {URL}"):
            call(opened())
    for call in (lambda s: s.list_repositories(), lambda s: s.commit("pets", {"a": b"1"})):
        with pytest.raises(StoreError, match=r"s3://nowhere/x.*no such bucket at http://127\.0\.0\.1"):
            call(BucketStore("s3://nowhere/x"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StoreError, match=r"no answer at http://127\.0\.0\.1:1: is it up") as caught:
        opened().head("pets")
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreError, match="s3:// names no bucket"):
        BucketStore("s3://")


def test_a_store_of_another_format_is_refused(store):
    store.commit("r", {"a": b""})
    put("format.json", b'{"format": 99}')
    for call in (lambda s: s.head("r"), lambda s: s.commit("r", {"a": b"1"}), gc):
        with pytest.raises(StoreError, match=r"99.*reads format 1"):
            call(opened())


def test_a_file_that_changes_while_it_is_read_is_no_commit(store, s3, tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    for source, size in ((small, 1000), (large, 24 << 20)):
        source.write_bytes(bytes(size))

        def fault(request, source=source, size=size):
            if request.method == "HEAD" and "/blobs/" in request.key:  # hashed by now, and not yet sent
                source.write_bytes(b"1" * size)

        s3.fault = fault
        with pytest.raises(StoreError, match="changed while it was read"):
            opened().commit("r", {"a": source})
        assert names(s3, "blobs/") == []
        with pytest.raises(StoreError):
            opened().head("r")


def test_a_commit_that_takes_too_long_is_refused(store, monkeypatch):
    monkeypatch.setattr(bucket, "GRACE", timedelta(seconds=0.001))
    with pytest.raises(StoreError, match="nothing was committed: run it again"):
        store.commit("r", {"a": b"1"})


@pytest.mark.parametrize("address", ["127.0.0.1:18334", "http:/127.0.0.1:18401", "ftp://host"])
def test_an_address_without_its_scheme_is_one_line_and_no_panic(monkeypatch, address):
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    with pytest.raises(StoreError, match="write http://host:port or https://host:port"):
        BucketStore("s3://data")


def test_a_writer_that_was_overtaken_by_a_fence_asks_once_more(store):
    other = opened()
    head, asked = store.commit("pets", {"a": b"1"}), []

    def fenced_at_first(found):
        asked.append(found)
        if len(asked) < 3:  # twice, as no version may come again
            assert other.fenced_head("pets") == head
        else:
            raise StoreError("the branch is another's")

    with pytest.raises(StoreError, match="the branch is another's"):
        store.commit("pets", {"b": b"2"}, only_if=fenced_at_first)
    assert asked == [head] * 3
    assert (other.head("pets"), other.log("pets")) == (head, [head])
    assert fsck(other).problems == []
