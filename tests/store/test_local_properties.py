"""A local store with any content, in any order: the same content gives the same ids, and nothing is lost."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pylib.errors import StoreError
from pylib.store.fsck import fsck
from pylib.store.gc import gc
from pylib.store.local import LocalStore
from pylib.store.paths import check_paths
from pylib.store.protocol import CommitRef


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
