"""What every store must do: one suite, run against each of them through the fixture `store`."""

import hashlib
import re
import subprocess

import pytest

from pylib.errors import StoreError
from pylib.store.protocol import CommitRef

FILES = {
    "dataset.json": b'{"name": "pets"}',
    "images/a (1).jpg": b"jpeg" * 1000,
    "images/Ä ß+%41.png": b"png",
    "masks/a.png": b"",
    "masks/deep/er/b.png": b"\0\xff" * 70_000,
}


def content(store, commit):
    return {file.path: store.read(commit, file.path) for file in store.ls(commit)}


class StoreContract:
    """Subclass it, and give `store` (a fresh one) and `repository` (a name that is free in it)."""

    def test_commit_is_read_back(self, store, repository):
        commit = store.commit(repository, FILES, description="first")
        assert content(store, commit) == FILES
        assert (commit.repository, commit.branch, commit.parent) == (repository, "master", None)
        assert (commit.files, commit.size) == (len(FILES), sum(map(len, FILES.values())))
        assert (commit.description, commit.provenance) == ("first", ())
        for file in store.ls(commit):
            assert file.sha256 == hashlib.sha256(FILES[file.path]).hexdigest()
            assert file.size == len(FILES[file.path])

    def test_files_are_read_from_disk_too(self, store, repository, tmp_path):
        large = bytes(range(256)) * 40_000
        (tmp_path / "large").write_bytes(large)
        (tmp_path / "empty").touch()
        commit = store.commit(repository, {"l": tmp_path / "large", "e": tmp_path / "empty", "b": b"x"})
        assert content(store, commit) == {"l": large, "e": b"", "b": b"x"}

    def test_the_callers_files_stay_the_callers(self, store, repository, tmp_path):
        source = tmp_path / "a"
        source.write_bytes(b"before")
        commit = store.commit(repository, {"a": source})
        source.write_bytes(b"AFTER!")
        assert store.read(commit, "a") == b"before"

    def test_an_equal_tree_is_no_new_commit(self, store, repository):
        first = store.commit(repository, FILES, description="first")
        assert store.commit(repository, dict(reversed(FILES.items())), description="again") == first
        assert store.commit(repository, {"masks/a.png": b""}, mode="add") == first
        assert store.log(repository) == [first]

    def test_replace_and_add(self, store, repository):
        first = store.commit(repository, {"a": b"1", "b": b"2"})
        second = store.commit(repository, {"b": b"3", "c": b"4"}, mode="add", deletions=["a"])
        third = store.commit(repository, {"z": b"5"})
        assert content(store, first) == {"a": b"1", "b": b"2"}
        assert content(store, second) == {"b": b"3", "c": b"4"}
        assert content(store, third) == {"z": b"5"}
        assert [commit.id for commit in store.log(repository)] == [third.id, second.id, first.id]
        assert (third.parent, second.parent) == (second.id, first.id)
        assert store.log(repository, limit=2) == [third, second]

    def test_a_commit_is_made_only_if_its_maker_says_so_of_the_head(self, store, repository):
        asked = []
        first = store.commit(repository, {"a": b"1"}, only_if=asked.append)
        second = store.commit(repository, {"b": b"2"}, mode="add", only_if=asked.append)
        assert asked == [None, first]

        def refuse(head):
            raise StoreError(f"not on {head.id}")

        with pytest.raises(StoreError, match=f"not on {second.id}"):
            store.commit(repository, {"c": b"3"}, only_if=refuse)
        assert store.fenced_head(repository) == store.head(repository) == second
        third = store.commit(repository, {"c": b"3"}, mode="add")
        assert (third.parent, content(store, third)) == (second.id, {"a": b"1", "b": b"2", "c": b"3"})
        with pytest.raises(StoreError, match="no branch side"):
            store.fenced_head(repository, "side")

    def test_everything_can_be_deleted(self, store, repository, tmp_path):
        store.commit(repository, {"a": b"1"})
        empty = store.commit(repository, {})
        assert (empty.files, store.ls(empty)) == (0, [])
        store.checkout(empty, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []
        assert content(store, store.commit(repository, {"a": b"1"})) == {"a": b"1"}

    def test_branches_are_apart(self, store, repository):
        master = store.commit(repository, {"a": b"1"})
        review = store.commit(repository, {"b": b"2"}, branch="review")
        assert store.head(repository) == master == store.inspect(f"{repository}@master")
        assert store.head(repository, "review") == review == store.inspect(CommitRef(repository, "review"))
        assert store.inspect(review.ref) == review
        assert review.parent is None

    def test_provenance_is_kept_by_id(self, store, repository):
        raw = store.commit(repository, {"a": b"1"}, branch="raw")
        made = store.commit(repository, {"b": b"2"}, provenance=[f"{repository}@raw", raw])
        store.commit(repository, {"a": b"3"}, branch="raw")
        assert store.inspect(made).provenance == (raw.ref,)

    def test_repositories(self, store, repository):
        store.create_repository(repository, "what it is for")
        store.create_repository(repository)
        assert repository in store.list_repositories()
        assert store.list_repositories() == sorted(store.list_repositories())

    def test_a_long_description(self, store, repository):
        statement = '{"_type": "https://in-toto.io/Statement/v1"}' * 10_000
        assert (
            store.inspect(store.commit(repository, {"a": b"1"}, description=statement)).description
            == statement
        )

    def test_ls_and_glob(self, store, repository):
        commit = store.commit(
            repository, dict.fromkeys(("a.png", "m/a.png", "m/n/b.png", "m/n/c", "mm/d"), b"")
        )
        names = lambda files: [file.path for file in files]  # noqa: E731
        assert names(store.ls(commit)) == ["a.png", "m/a.png", "m/n/b.png", "m/n/c", "mm/d"]
        assert names(store.ls(commit, "m")) == ["m/a.png", "m/n/b.png", "m/n/c"]
        assert names(store.ls(commit, "a.png")) == ["a.png"]
        assert names(store.glob(commit, "*.png")) == ["a.png"]
        assert names(store.glob(commit, "**/*.png")) == ["a.png", "m/a.png", "m/n/b.png"]
        assert names(store.glob(commit, "m/**")) == ["m/a.png", "m/n/b.png", "m/n/c"]
        assert names(store.glob(commit, "m/?/[bx].png")) == ["m/n/b.png"]
        assert names(store.glob(commit, "nothing/*")) == []

    def test_diff(self, store, repository):
        first = store.commit(repository, {"a": b"1", "b": b"2", "c": b"3"})
        second = store.commit(repository, {"a": b"1", "b": b"X", "d": b"4"})
        changes = {change.path: (change.kind, change.old, change.new) for change in store.diff(first, second)}
        assert {path: kind for path, (kind, _, _) in changes.items()} == {
            "b": "modified",
            "c": "deleted",
            "d": "added",
        }
        assert changes["b"][1].sha256 == hashlib.sha256(b"2").hexdigest()
        assert changes["c"][2] is None
        assert changes["d"][1] is None
        assert store.diff(second, second) == []

    def test_digests(self, store, repository):
        commit = store.commit(repository, {"a": b"1", "d/b": b"2"})
        found = store.digests(commit, ["d/b", "c"])
        assert found == {"d/b": hashlib.sha256(b"2").hexdigest(), "c": None}

    def test_checkout(self, store, repository, tmp_path):
        commit = store.commit(repository, FILES)
        assert store.checkout(commit, tmp_path / "new" / "out") == commit
        out = tmp_path / "new" / "out"
        assert {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()} == FILES
        (tmp_path / "part").mkdir()
        store.checkout(commit, tmp_path / "part", "masks/*")
        assert [path.name for path in (tmp_path / "part").rglob("*.png")] == ["a.png"]
        with pytest.raises(StoreError, match="no empty folder"):
            store.checkout(commit, out)

    def test_the_tree_is_what_sha256sum_says(self, store, repository, tmp_path):
        commit = store.commit(repository, FILES)
        store.checkout(commit, tmp_path / "out")
        command = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
        printed = subprocess.run(
            command, shell=True, cwd=tmp_path / "out", capture_output=True, text=True, check=True
        )
        assert printed.stdout.split()[0] == commit.tree

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/a",
            "../a",
            "a/../b",
            "a/./b",
            ".",
            "a//b",
            "a/",
            "a\\b",
            "a\nb",
            "a\0b",
            "a\x7f",
            "x" * 300,
            "\ud800",
        ],
    )
    def test_unsafe_paths_are_refused(self, store, repository, path):
        with pytest.raises(StoreError, match="refused"):
            store.commit(repository, {"fine": b"", path: b""})
        with pytest.raises(StoreError):
            store.head(repository)

    @pytest.mark.parametrize(
        "paths", [("a.jpg", "A.jpg"), ("d/a", "D/a"), ("\u00e9", "e\u0301"), ("a", "a/b"), ("a", "A/b/c")]
    )
    def test_paths_that_clash_are_refused(self, store, repository, paths):
        with pytest.raises(StoreError, match="rename one"):
            store.commit(repository, dict.fromkeys(paths, b""))
        store.commit(repository, {paths[0]: b""})
        with pytest.raises(StoreError, match="rename one"):
            store.commit(repository, {paths[1]: b""}, mode="add")
        assert store.head(repository).files == 1

    @pytest.mark.parametrize("name", ["", "a b", "a/b", "..", "ä", "x" * 64, "a@b", "0" * 32, "f" * 64])
    def test_bad_names_are_refused(self, store, repository, name):
        with pytest.raises(StoreError):
            store.create_repository(name)
        with pytest.raises(StoreError):
            store.commit(repository, {"a": b""}, branch=name)

    def test_what_is_not_there(self, store, repository, tmp_path):
        commit = store.commit(repository, {"d/a": b""})
        missing = [
            lambda: store.head(repository, "nowhere"),
            lambda: store.head("nothing-of-this-name"),
            lambda: store.inspect(CommitRef(repository, "0" * len(commit.id))),
            lambda: store.log(repository, "nowhere"),
            lambda: store.read(commit, "b"),
            lambda: store.read(commit, "d"),
            lambda: store.read(commit, "../d/a"),
            lambda: store.checkout(f"{repository}@nowhere", tmp_path / "out"),
            lambda: store.commit(repository, {"a": tmp_path / "absent"}),
            lambda: store.commit(repository, {"a": tmp_path}),
            lambda: store.commit(repository, {"x": b""}, provenance=["nothing-of-this-name@master"]),
        ]
        for call in missing:
            with pytest.raises(StoreError) as caught:
                call()
            assert re.fullmatch(r".+", str(caught.value))
        assert not (tmp_path / "out").exists()
        assert store.log(repository) == [commit]
