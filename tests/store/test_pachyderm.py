"""The contract of a store, kept by Pachyderm's: over gRPC, to a stand-in and to a real pachd if there."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from pachyderm_sdk.api import pfs

from pylib.errors import StoreError
from pylib.store.pachd import Pachd
from pylib.store.pachyderm import PachydermStore
from pylib.store.protocol import open_store
from tests.store.contract import StoreContract
from tests.store.standin import serving


@pytest.fixture
def standin():
    with serving() as (held, address):
        held.address = address
        yield held


class TestPachydermStandin(StoreContract):
    @pytest.fixture
    def store(self, standin):
        return open_store(f"pachd://{standin.address}")

    @pytest.fixture
    def repository(self):
        return "pets"


if os.environ.get("PACHD_ADDRESS"):

    class TestPachyderm(StoreContract):
        @pytest.fixture
        def store(self):
            return open_store("pachyderm")

        @pytest.fixture
        def repository(self, store):
            yield (name := f"contract-{uuid.uuid4().hex[:12]}")
            store._pachd.pfs.delete_repo(repo=pfs.Repo.from_uri(name), force=True)

else:

    def test_a_real_pachd():
        pytest.skip("PACHD_ADDRESS is not set: the contract is not checked against a real pachd")


def test_an_upload_that_fails_leaves_nothing(standin, tmp_path):
    store = open_store(f"pachd://{standin.address}")
    first = store.commit("pets", {"a": b"1"})
    for rpc in ("CreateFileSet", "StartCommit", "AddFileSet", "EditMetadata", "FinishCommit"):
        standin.broken = {rpc: grpc.StatusCode.INTERNAL}
        with pytest.raises(StoreError, match=f"{rpc} is broken"):
            store.commit("pets", {"a": b"2"})
        standin.broken = {}
        assert store.log("pets") == [first]
    assert store.commit("pets", {"a": b"2"}).parent == first.id


def test_one_stream_carries_all_files(standin):
    open_store(f"pachd://{standin.address}").commit("pets", {f"{n}": b"x" for n in range(500)})
    assert standin.calls.count("CreateFileSet") == 1
    assert len(standin.calls) < 12


def test_writers_at_once_all_land(standin):
    def write(number):
        return open_store(f"pachd://{standin.address}").commit("pets", {f"{number}": b""}, mode="add")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    store = open_store(f"pachd://{standin.address}")
    assert {file.path for file in store.ls("pets")} == {str(number) for number in range(8)}
    assert [commit.files for commit in store.log("pets")] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_an_open_commit_is_not_seen(standin):
    store = open_store(f"pachd://{standin.address}")
    first = store.commit("pets", {"a": b"1"})
    branch = pfs.Branch(repo=pfs.Repo.from_uri("pets"), name="master")
    opened = store._pachd.pfs.start_commit(branch=branch)
    assert store.head("pets") == first
    with pytest.raises(StoreError, match="not finished"):
        store.inspect(f"pets@{opened.id}")


def test_commits_of_others_are_described_too(standin):
    store = open_store(f"pachd://{standin.address}")
    mine = store.commit("pets", {"a b": b"1"})
    branch = pfs.Branch(repo=pfs.Repo.from_uri("theirs"), name="master")
    store.create_repository("theirs")
    opened = store._pachd.pfs.start_commit(branch=branch)
    standin.commits["theirs", opened.id].files = {"/a b": b"1"}
    store._pachd.pfs.finish_commit(commit=opened)
    head = store.head("theirs")
    assert (head.tree, head.files, head.size) == (mine.tree, 1, 1)


def test_the_token_is_sent(monkeypatch):
    with serving(token="secret") as (_, address):
        monkeypatch.delenv("PACH_TOKEN", raising=False)
        monkeypatch.delenv("PACH_PYTHON_AUTH_TOKEN", raising=False)
        with pytest.raises(StoreError, match="PACH_TOKEN"):
            open_store(f"grpc://{address}").list_repositories()
        monkeypatch.setenv("PACH_TOKEN", "secret")
        assert open_store(f"grpc://{address}").list_repositories() == []


def test_a_pachd_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.delenv("PACHD_ADDRESS", raising=False)
    with pytest.raises(StoreError, match="PACHD_ADDRESS is not set"):
        open_store("pachyderm")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1: list repositories: .*is it up"):
        open_store("pachd://127.0.0.1:1").list_repositories()
    with pytest.raises(StoreError, match="no address"):
        open_store("pachd://")


def test_a_pachd_that_does_not_answer_is_given_up(standin):
    store = PachydermStore(Pachd(standin.address, call_seconds=0.2, transfer_seconds=0.2))
    store.list_repositories()
    with standin.lock, ThreadPoolExecutor(1) as pool:  # every call waits for the lock
        calls = [
            store.list_repositories,
            lambda: store.head("pets"),
            lambda: store.commit("pets", {"a": b""}),
        ]
        for call in calls:
            with pytest.raises(StoreError, match="did not answer in time"):
                pool.submit(call).result()
