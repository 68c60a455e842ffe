"""What is damaged in a bucket: it is found, it is never given out, and the next commit heals what it can."""

import json

import pytest

from pylib.errors import StoreError
from pylib.store.bucket_blobs import key
from pylib.store.bucket_fsck import fsck
from pylib.store.bucket_history import branch_key, commit_key, tree_key
from pylib.store.objects import Objects
from pylib.store.protocol import CommitRef
from tests.store.in_bucket import URL, delete, opened, put


@pytest.fixture
def store(s3):
    return opened()


def blob_of(path):
    (file,) = opened().ls("r", path)
    return key(file.sha256)


def tree_of(revision="r"):
    return tree_key(opened().inspect(revision).tree)


def edit(name, **fields):
    put(name, json.dumps(json.loads(Objects(URL).find(name).data) | fields).encode())


def edit_sizes():
    put(tree_of(), Objects(URL).find(tree_of()).data.replace(b" 7 a", b" 8 a"))


def parent():
    return commit_key(CommitRef("r", opened().head("r").parent))


HEAD = branch_key("r", "master")
DAMAGES = {
    "a blob is gone": ("missing", True, lambda: delete(blob_of("a"))),
    "a blob is cut short": ("damaged", True, lambda: put(blob_of("a"), b"conten")),
    "a blob is longer": ("damaged", True, lambda: put(blob_of("a"), b"content+")),
    "a blob was edited": ("damaged", False, lambda: put(blob_of("a"), b"c0ntent")),
    "a tree is gone": ("catalogue", True, lambda: delete(tree_of())),
    "a tree is noise": ("catalogue", True, lambda: put(tree_of(), b"\xff\0")),
    "a tree is another": ("catalogue", True, lambda: put(tree_of(), b"0" * 64 + b" 0 a\n")),
    "a tree has other sizes": ("catalogue", True, edit_sizes),
    "a commit is gone": ("catalogue", True, lambda: delete(parent())),
    "a commit is noise": ("catalogue", True, lambda: put(parent(), b"noise")),
    "a commit is under another name": (
        "catalogue", True, lambda: put(parent(), Objects(URL).find(HEAD).data),
    ),
    "a head has no parent": ("catalogue", True, lambda: edit(HEAD, parent=None)),
    "a head has no tree": ("catalogue", True, lambda: edit(HEAD, tree="0" * 64)),
    "a head has another count": ("catalogue", True, lambda: edit(HEAD, files=7)),
    "a head is no commit": ("catalogue", True, lambda: put(HEAD, b"[]")),
    "provenance is lost": ("catalogue", True, lambda: edit(HEAD, provenance=[])),
    "its source is lost": (
        "catalogue", True, lambda: [delete(branch_key("r", "raw")), delete(source_key())],
    ),
}  # fmt: skip


def source_key():
    (source,) = opened().head("r").provenance
    return commit_key(source)


@pytest.mark.parametrize("name", DAMAGES)
def test_fsck_finds(store, name):
    store.commit("r", {"a": b"content", "b": b"other", "c": b"third"})
    source = store.commit("r", {"a": b"content", "d": b"fourth"}, branch="raw")
    store.commit("r", {"a": b"content", "b": b"other"}, provenance=[source])
    assert fsck(opened()).problems == []
    kind, seen_by_quick, damage = DAMAGES[name]
    damage()
    report = fsck(opened())
    assert kind in {problem.kind for problem in report.problems}
    assert fsck(opened(), quick=True).ok is not seen_by_quick


def test_what_is_damaged_is_never_given_out(store, tmp_path):
    commit = store.commit("r", {"a": b"content", "large": bytes(5 << 20)})
    for path, content in (("a", b"c0ntent"), ("large", b"1" + bytes((5 << 20) - 1))):
        right = store.read(commit, path)
        put(blob_of(path), content)
        with pytest.raises(StoreError, match="damaged"):
            opened().read(commit, path)
        with pytest.raises(StoreError, match="damaged"):
            opened().checkout(commit, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        delete(blob_of(path))
        with pytest.raises(StoreError, match="missing from s3://"):
            opened().read(commit, path)
        with pytest.raises(StoreError, match=r"missing|not found"):
            opened().checkout(commit, tmp_path / "out")
        put(blob_of(path), right)
    put(tree_of(), b"0" * 64 + b" 0 a\n")
    with pytest.raises(StoreError, match="its files have another digest"):
        opened().ls(commit)
    put(HEAD, b"{}")
    with pytest.raises(StoreError, match="is no commit"):
        opened().head("r")


def test_a_lost_blob_comes_back_with_the_next_commit(store):
    commit = store.commit("r", {"a": b"content"})
    delete(blob_of("a"))
    assert opened().commit("r", {"a": b"content"}) == commit
    assert fsck(opened()).ok
