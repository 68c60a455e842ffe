"""What the store must do beyond the common contract because of how pachd is, a stand-in or a real one."""

import hashlib
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from pachyderm_sdk.api import pfs

from pylib.errors import NotFoundError, StoreError
from pylib.store import pachyderm_commit
from pylib.store.pachyderm_names import handle, repo
from pylib.store.pachyderm_writer import marked
from pylib.store.protocol import CommitRef
from tests.store.contract import StoreContract, content

NO_UUID4 = "0123456789abcdef" * 2


def branch_of(name, branch="master"):
    return pfs.Branch(repo=repo(name), name=branch)


def put(pachd, repository, files, branch="master"):
    """Commit as pachctl does: nothing of ours in the description, nothing in the metadata."""
    commit = pachd.pfs.start_commit(branch=branch_of(repository, branch))
    requests = [
        pfs.ModifyFileRequest(add_file=pfs.AddFile(path=path, raw=raw)) for path, raw in files.items()
    ]
    fileset = pachd.pfs.create_file_set(iter(requests)).file_set_id
    pachd.pfs.add_file_set(commit=commit, file_set_id=fileset)
    pachd.pfs.finish_commit(commit=commit)
    return pachd.pfs.inspect_commit(commit=commit, wait=pfs.CommitState.FINISHED)


class PachdContract(StoreContract):
    """Subclass it, and give `open_it` (makes a new store each time) and `repository`."""

    @pytest.fixture
    def store(self, open_it):
        return open_it()

    @pytest.fixture
    def pachd(self, store):
        return store._pachd

    def test_the_branch_is_kept(self, store, open_it, repository):
        made = store.commit(repository, {"a": b"1"}, branch="review")
        assert made.branch == "review"
        assert open_it().inspect(made.ref).branch == "review"
        assert [each.branch for each in open_it().log(repository, "review")] == ["review"]

    def test_the_branch_of_anothers_commit_is_the_one_asked_for(self, store, pachd, repository):
        store.create_repository(repository)
        put(pachd, repository, {"/a": b"1"}, branch="theirs")
        assert store.head(repository, "theirs").branch == "theirs"

    @pytest.mark.parametrize(
        "identifier", [NO_UUID4, "f" * 64, uuid.uuid4().hex], ids=["no-uuid4", "sha256", "unknown"]
    )
    def test_an_id_that_is_not_there_is_not_found(self, store, repository, identifier):
        store.commit(repository, {"a": b"1"})
        with pytest.raises(NotFoundError, match=f"no commit {identifier} in repository"):
            store.inspect(CommitRef(repository, identifier))
        for call in (
            lambda: store.read(f"{repository}@{identifier}", "a"),
            lambda: store.ls(f"{repository}@{identifier}"),
        ):
            with pytest.raises(StoreError) as caught:
                call()
            assert re.fullmatch(r".+", str(caught.value))
            assert "panic" not in str(caught.value)

    def test_what_pachd_says_over_several_lines_is_one(self, store, pachd, repository):
        store.create_repository(repository)
        bare = pfs.Commit(repo=repo(repository), id=NO_UUID4)
        with pytest.raises(StoreError) as caught, pachd.errors("inspect"):
            pachd.pfs.inspect_commit(commit=bare)
        assert "\n" in caught.value.__cause__.details()
        assert re.fullmatch(r"pachd .*ABORTED.*", str(caught.value))
        assert "goroutine" not in str(caught.value)

    def test_a_description_may_be_empty(self, store, open_it, repository):
        made = store.commit(repository, {"a": b"1"})
        assert made.description == open_it().inspect(made.ref).description == ""

    def test_what_a_dead_writer_left_open_is_dropped(self, store, pachd, repository):
        first = store.commit(repository, {"a": b"1"})
        with marked() as mark:
            left = pachd.pfs.start_commit(branch=branch_of(repository), description=mark)
        assert store.head(repository) == first
        second = store.commit(repository, {"a": b"2"})
        assert (second.parent, store.log(repository)) == (first.id, [second, first])
        with pytest.raises(NotFoundError):
            store.inspect(CommitRef(repository, left.id))

    def test_a_first_commit_left_open_is_dropped(self, store, pachd, repository):
        store.create_repository(repository)
        with marked() as mark:
            pachd.pfs.start_commit(branch=branch_of(repository), description=mark)
        made = store.commit(repository, {"a": b"1"})
        assert (made.parent, store.log(repository)) == (None, [made])

    def test_anothers_open_commit_is_named(self, store, pachd, repository, monkeypatch):
        monkeypatch.setattr(pachyderm_commit, "_STRANGER_SECONDS", 0.2)
        first = store.commit(repository, {"a": b"1"})
        opened = pachd.pfs.start_commit(branch=branch_of(repository), description="mine")
        with pytest.raises(StoreError, match=f"`pachctl delete commit {repository}@{opened.id}`") as caught:
            store.commit(repository, {"a": b"2"})
        assert re.fullmatch(r".+", str(caught.value))
        assert store.head(repository) == first
        pachd.pfs.drop_commit(commit=handle(CommitRef(repository, opened.id)))
        assert store.commit(repository, {"a": b"2"}).parent == first.id

    def test_anothers_open_commit_is_waited_for(self, store, pachd, repository):
        store.create_repository(repository)
        opened = pachd.pfs.start_commit(branch=branch_of(repository))
        threading.Timer(0.5, lambda: pachd.pfs.finish_commit(commit=opened)).start()
        assert store.commit(repository, {"a": b"2"}).parent == opened.id

    def test_a_commit_at_work_is_waited_for_until_it_is_dropped(self, store, pachd, repository):
        first = store.commit(repository, {"a": b"1"})
        with marked() as mark, ThreadPoolExecutor(1) as pool:
            opened = pachd.pfs.start_commit(branch=branch_of(repository), description=mark)
            waiting = pool.submit(store.commit, repository, {"a": b"2"})
            time.sleep(0.5)
            assert not waiting.done()
            pachd.pfs.drop_commit(commit=handle(CommitRef(repository, opened.id)))
            assert waiting.result().parent == first.id

    def test_eight_writers_of_three_commits_all_land(self, open_it, repository):
        def write(writer):
            store = open_it()
            for number in range(3):
                store.commit(repository, {f"{writer}-{number}": b""}, mode="add")

        open_it().create_repository(repository)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
        assert len(open_it().ls(repository)) == 24
        assert [commit.files for commit in open_it().log(repository)] == list(range(24, 0, -1))

    def test_an_empty_head_is_no_parent(self, store, open_it, pachd, repository):
        dropped = store.commit(repository, {"a": b"1"})
        pachd.pfs.drop_commit(commit=handle(dropped.ref))
        with pytest.raises(NotFoundError, match="no branch master"):
            open_it().head(repository)
        made = store.commit(repository, {"b": b"2"})
        assert made.parent is None
        assert open_it().inspect(made.ref) == made
        assert open_it().log(repository) == [made]

    def test_anothers_commit_on_an_empty_head_has_no_parent(self, store, open_it, pachd, repository):
        pachd.pfs.drop_commit(commit=handle(store.commit(repository, {"a": b"1"}).ref))
        put(pachd, repository, {"/b": b"2"})
        assert [(each.parent, each.files) for each in open_it().log(repository)] == [(None, 1)]

    def test_other_projects_are_not_listed(self, store, pachd, repository):
        project = pfs.Project(name=f"other-{uuid.uuid4().hex[:12]}")
        pachd.pfs.create_project(project=project)
        elsewhere = pfs.Repo(name=f"{repository}-elsewhere", type="user", project=project)
        pachd.pfs.create_repo(repo=elsewhere)
        try:
            store.create_repository(repository)
            assert repository in store.list_repositories()
            assert elsewhere.name not in store.list_repositories()
        finally:
            pachd.pfs.delete_repo(repo=elsewhere, force=True)

    def test_names_that_others_gave_are_read_as_they_are(self, store, open_it, pachd, repository, tmp_path):
        store.create_repository(repository)
        files = {"a%20b": b"1", "100%": b"2", "%zz": b"3", "%41": b"4", "d/x%2Fy": b"5"}
        put(pachd, repository, {f"/{path}": raw for path, raw in files.items()})
        opened = open_it()
        assert content(opened, repository) == files
        opened.checkout(repository, tmp_path / "out")
        assert (tmp_path / "out" / "a%20b").read_bytes() == b"1"
        added = opened.commit(repository, {"a%20b": b"6", "a b": b"7"}, mode="add")
        assert content(open_it(), added) == files | {"a%20b": b"6", "a b": b"7"}
        assert content(open_it(), opened.commit(repository, {"c": b"8"})) == {"c": b"8"}

    def test_large_messages_and_files_pass(self, store, repository):
        large = bytes(range(256)) * (90 << 10)  # 22.5 MiB, more than a message
        commit = store.commit(repository, {"large": large, "d": b""}, description="x" * (1 << 20))
        assert store.read(commit, "large") == large
        assert store.ls(commit, "large")[0].sha256 == hashlib.sha256(large).hexdigest()
        assert store.inspect(commit).description == commit.description

    def test_a_file_that_changes_is_replaced_whole(self, store, open_it, repository):
        store.commit(repository, {"a": b"long before", "b": b"stays"})
        store.commit(repository, {"a": b"after"}, mode="add")
        assert content(open_it(), repository) == {"a": b"after", "b": b"stays"}
        store.commit(repository, {"a": b"", "b": b"stays"})
        assert content(open_it(), repository) == {"a": b"", "b": b"stays"}

    def test_pachd_refuses_in_one_line(self, pachd, repository):
        with pytest.raises(StoreError) as caught, pachd.errors("start"):
            pachd.pfs.start_commit(branch=branch_of(f"{repository}-absent"))
        assert re.fullmatch(r"pachd .*: start: .*NOT_FOUND.*", str(caught.value))
        assert isinstance(caught.value.__cause__, grpc.RpcError)
