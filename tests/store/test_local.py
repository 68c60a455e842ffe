"""A local store: the same content gives the same ids, what is damaged is found, what is needed is kept."""

import multiprocessing
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pylib.errors import StoreError
from pylib.store.copying import FEW
from pylib.store.fsck import fsck
from pylib.store.gc import gc
from pylib.store.local import LocalStore
from pylib.store.paths import check_paths
from pylib.store.protocol import CommitRef, open_store


def is_one_tree(paths):
    try:
        check_paths(paths)
    except StoreError:
        return False
    return True


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="/\\"), min_size=1, max_size=8
)
PATHS = st.lists(NAMES | st.sampled_from(["a", "b"]), min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(PATHS, st.binary(max_size=40), max_size=6).filter(is_one_tree)


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def fresh(folder):
    return LocalStore(Path(folder) / "store")


@settings(max_examples=40, deadline=None)
@given(tree=TREES)
def test_what_is_committed_is_checked_out(tree):
    with tempfile.TemporaryDirectory() as folder:
        commit = fresh(folder).commit("r", tree)
        out = Path(folder) / "out"
        fresh(folder).checkout(commit, out)
        assert {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()} == tree


@settings(max_examples=25, deadline=None)
@given(trees=st.lists(TREES, min_size=1, max_size=3), chance=st.randoms())
def test_ids_depend_on_content_alone(trees, chance):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        for tree in trees:
            shuffled = list(tree.items())
            chance.shuffle(shuffled)
            first = fresh(one).commit("r", tree, description="morning")
            assert fresh(two).commit("r", dict(shuffled), description="evening").id == first.id


@settings(max_examples=25, deadline=None)
@given(old=TREES, new=TREES)
def test_a_diff_is_the_reverse_of_its_reverse(old, new):
    with tempfile.TemporaryDirectory() as folder:
        store = fresh(folder)
        a, b = store.commit("r", old, branch="a"), store.commit("r", new, branch="b")
        forth, back = store.diff(a, b), store.diff(b, a)
        assert [(c.path, c.old, c.new) for c in forth] == [(c.path, c.new, c.old) for c in back]
        content = {file.path: file for file in store.ls(a)} | {c.path: c.new for c in forth}
        assert sorted(file for file in content.values() if file) == store.ls(b)


class Machine(RuleBasedStateMachine):
    """Any order of commits, failed commits and garbage collections, beside a model made of dictionaries."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.store = fresh(self.folder)
        self.model = {}
        self.commits = {}

    def teardown(self):
        shutil.rmtree(self.folder)

    @rule(branch=st.sampled_from(["master", "review"]), tree=TREES)
    def replace(self, branch, tree):
        self.model[branch] = dict(tree)
        self.commits[self.store.commit("r", tree, branch=branch).id] = dict(tree)

    @rule(branch=st.sampled_from(["master", "review"]), tree=TREES, data=st.data())
    def add(self, branch, tree, data):
        before = self.model.get(branch, {})
        gone = data.draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
        after = {path: content for path, content in before.items() if path not in gone} | tree
        if is_one_tree(after):
            self.model[branch] = after
            commit = self.store.commit("r", tree, branch=branch, mode="add", deletions=gone)
            self.commits[commit.id] = after
        else:
            with pytest.raises(StoreError, match="rename one"):
                self.store.commit("r", tree, branch=branch, mode="add", deletions=gone)

    @rule(tree=TREES)
    def fail(self, tree):
        with pytest.raises(StoreError):
            self.store.commit("r", tree | {"absent": Path(self.folder) / "absent"})
        with pytest.raises(StoreError):
            self.store.commit("r", tree, provenance=["r@nowhere"])

    @rule()
    def collect(self):
        if self.commits:
            gc(self.store)
            assert fsck(self.store).orphans == []

    @invariant()
    def nothing_is_lost(self):
        if self.commits:
            assert fsck(self.store).problems == []
        for branch, tree in self.model.items():
            assert {
                file.path: self.store.read(f"r@{branch}", file.path) for file in self.store.ls(f"r@{branch}")
            } == tree
        for commit, tree in self.commits.items():
            assert [file.path for file in self.store.ls(CommitRef("r", commit))] == sorted(tree)


Machine.TestCase.settings = settings(max_examples=15, stateful_step_count=10, deadline=None)
TestMachine = Machine.TestCase


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
