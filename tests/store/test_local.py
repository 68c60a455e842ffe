"""A local store: what is damaged is found, what is needed is kept, and nobody edits it by accident."""

import hashlib
import multiprocessing
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from pylib.errors import StoreError
from pylib.store.copying import FEW
from pylib.store.fsck import fsck
from pylib.store.gc import gc
from pylib.store.local import LocalStore
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def test_equal_content_is_kept_once(store):
    store.commit(
        "r", {f"{n}": b"same" for n in range(200)} | {"large": bytes(5 << 20), "twin": bytes(5 << 20)}
    )
    store.commit("r", {"other": b"same"}, branch="b")
    assert sum(path.is_file() for path in store.blobs.folder.rglob("*")) == 2


def test_many_new_blobs_are_flushed_together(store):
    tree = {f"{n}": b"%d" % n for n in range(3 * FEW)}
    commit = store.commit("r", tree)
    assert {file.path: store.read(commit, file.path) for file in store.ls(commit)} == tree
    assert fsck(store).blobs == len(tree)


def blob_of(store, path):
    (file,) = store.ls("r", path)
    return store.blobs.path(file.sha256)


def edit(path, content):
    path.chmod(0o644)
    path.write_bytes(content)


def sql(store, *statements):
    with closing(sqlite3.connect(store.catalogue_path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def statement(text):
    return lambda store: sql(store, text)


def blob_edit(content):
    return lambda store: edit(blob_of(store, "a"), content)


def blob_folder(store):
    blob_of(store, "a").unlink()
    blob_of(store, "a").mkdir()


DAMAGES = {
    "a blob is gone": ("missing", True, lambda store: blob_of(store, "a").unlink()),
    "a blob is a folder": ("damaged", True, blob_folder),
    "a blob is cut short": ("damaged", True, blob_edit(b"conten")),
    "a blob is longer": ("damaged", True, blob_edit(b"content+")),
    "a blob was edited": ("damaged", False, blob_edit(b"c0ntent")),
    "a file is gone": ("catalogue", True, statement("DELETE FROM files WHERE path = 'a'")),
    "a file has another name": ("catalogue", True, statement("UPDATE files SET path = 'x' WHERE path = 'a'")),
    "a file has another blob": ("catalogue", True, statement("UPDATE files SET blob = blob % 4 + 1")),
    "a file has no blob": ("catalogue", True, statement("DELETE FROM blobs")),
    "a commit has no parent": ("catalogue", True, statement("UPDATE commits SET parent = NULL")),
    "a commit has no tree": ("catalogue", True, statement("DELETE FROM trees")),
    "a branch has no head": ("catalogue", True, statement("UPDATE branches SET head = 'x'")),
    "provenance is lost": ("catalogue", True, statement("DELETE FROM provenance")),
    "a commit is gone": ("catalogue", True, statement("DELETE FROM commits WHERE parent IS NULL")),
    "a tree has another size": ("catalogue", True, statement("UPDATE trees SET size = size + 1")),
    "the catalogue is noise": (
        "catalogue",
        True,
        lambda store: store.catalogue_path.write_bytes(b"x" * 9000),
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_fsck_finds(store, name):
    store.commit("r", {"a": b"content", "b": b"other", "c": b"third"})
    source = store.commit("r", {"a": b"content", "d": b"fourth"}, branch="raw")
    store.commit("r", {"a": b"content", "b": b"other"}, provenance=[source])
    assert fsck(store).ok
    kind, seen_by_quick, damage = DAMAGES[name]
    damage(store)
    report = fsck(store)
    assert not report.ok
    assert kind in {problem.kind for problem in report.problems}
    assert fsck(store, quick=True).ok is not seen_by_quick


def test_a_damaged_blob_is_never_given_out(store, tmp_path):
    commit = store.commit("r", {"a": b"content"})
    edit(blob_of(store, "a"), b"c0ntent")
    with pytest.raises(StoreError, match="damaged"):
        store.read(commit, "a")
    with pytest.raises(StoreError, match="damaged"):
        store.checkout(commit, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    blob_of(store, "a").unlink()
    with pytest.raises(StoreError, match="missing"):
        store.read(commit, "a")
    assert store.commit("r", {"a": b"content"}) == commit
    assert fsck(store).ok


def test_gc_deletes_what_no_commit_needs(store):
    commit = store.commit("r", {"a": b"content"})
    with store.blobs.stage() as staging:
        staging.add({"x": b"published", "y": b"published too"})
        staging.publish()
    with store.blobs.stage() as staging:
        staging.add({"z": b"staged"})
        staging._staged.clear()  # as if killed here
    assert len(fsck(store).orphans) == 3
    assert gc(store, dry_run=True) == gc(store)
    assert gc(store).blobs == 0
    assert fsck(store).orphans == []
    assert store.read(commit, "a") == b"content"


def test_a_pipe_is_refused_instead_of_waited_for(store, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="not a regular file"):
        store.commit("r", {"a": tmp_path / "pipe"})


def test_a_store_that_is_not_there(tmp_path):
    for call in (lambda s: s.list_repositories(), lambda s: s.ls("r"), fsck, gc):
        with pytest.raises(StoreError, match="no store at"):
            call(LocalStore(tmp_path / "typo"))
    assert not (tmp_path / "typo").exists()
    with pytest.raises(StoreError, match="no store of this kind"):
        open_store("ftp://somewhere")


def test_a_store_of_another_format_is_refused(store):
    store.commit("r", {"a": b""})
    sql(store, "PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="format 99"):
        store.head("r")


@pytest.mark.parametrize("text", ["", "@", "@master", "a@", "a b@c", "a@b@c", "a@b/c", "a/b", "a@..", "a:b"])
def test_references_that_name_nothing(text):
    with pytest.raises(StoreError, match="names no commit"):
        CommitRef.parse(text)


def test_editing_a_checkout_leaves_the_store_alone(store, tmp_path):
    commit = store.commit("r", {"a": b"content", "large": bytes(5 << 20)})
    store.checkout(commit, tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        try:
            path.write_bytes(b"edited")
        except PermissionError:  # a hard link to a read-only blob, as for anybody but root
            assert path.stat().st_nlink == 2
    assert fsck(store).ok


def ordinary_user(folder):
    """Commit and check out as nobody; exit 0 where the checkout cannot be edited in place, or is a clone."""
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    store = LocalStore(folder / "store")
    store.checkout(store.commit("r", {"a": b"content"}), folder / "out")
    try:
        (folder / "out" / "a").write_bytes(b"edited")
    except PermissionError:
        os._exit(0 if (folder / "out" / "a").stat().st_nlink == 2 else 1)
    os._exit(0 if (folder / "out" / "a").stat().st_nlink == 1 else 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: the test above is the ordinary user's already")
def test_an_ordinary_user_cannot_edit_a_linked_checkout_in_place():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        child = multiprocessing.get_context("fork").Process(target=ordinary_user, args=[Path(folder)])
        child.start()
        child.join()
        assert child.exitcode == 0
        assert fsck(LocalStore(Path(folder) / "store")).ok


def test_digests_are_of_what_the_blobs_hold_now(tmp_path):
    store = LocalStore(tmp_path / "store")
    commit = store.commit("pets", {"a": b"1", "b": b"2"})
    altered, missing = (store.blobs.path(file.sha256) for file in store.ls(commit))
    altered.chmod(0o644)
    altered.write_bytes(b"3")
    missing.unlink()
    found = store.digests(commit, ["a", "b"])
    assert found == {"a": hashlib.sha256(b"3").hexdigest(), "b": None}
