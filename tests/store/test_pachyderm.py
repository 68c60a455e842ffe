"""The contract of a store, kept by Pachyderm's: over gRPC, to a stand-in and to a real pachd if there."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pachyderm_sdk.api import pfs

from pylib.errors import StoreError
from pylib.store.opening import open_store
from pylib.store.pachd import Pachd
from pylib.store.pachyderm import PachydermStore
from pylib.store.pachyderm_listing import pack, unpack
from pylib.store.pachyderm_names import LISTING_KEY, handle, repo
from pylib.store.pachyderm_transfer import Upload, addition, decode, encode, names
from pylib.store.protocol import File
from pylib.store.tree import tree_digest
from tests.store.pachd_contract import PachdContract, branch_of
from tests.store.standin import MESSAGE_BYTES
from tests.store.standin_state import ACCEPTED_PATH, REFUSED_IN_PATH


class TestPachydermStandin(PachdContract):
    @pytest.fixture
    def open_it(self, standin):
        return lambda: open_store(f"pachd://{standin.address}")

    @pytest.fixture
    def repository(self):
        return "pets"


if os.environ.get("PACHD_ADDRESS"):

    class TestPachyderm(PachdContract):
        @pytest.fixture
        def open_it(self):
            return lambda: open_store("pachyderm")

        @pytest.fixture
        def repository(self, store):
            yield (name := f"contract-{uuid.uuid4().hex[:12]}")
            store._pachd.pfs.delete_repo(repo=repo(name), force=True)

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


def test_one_message_carries_a_new_file(standin, store):
    store.commit("pets", {f"{n}": b"x" for n in range(500)})
    assert (standin.calls.count("CreateFileSet"), standin.messages) == (1, 500)
    assert len(standin.calls) < 12
    assert len(standin.pick(handle(store.head("pets").ref)).files) == 500


def test_what_changes_while_it_is_read_ends_the_upload(standin, store, tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    changed = {f"{n}": b"x" for n in range(1000)} | {"a": tmp_path / "a"}
    upload = Upload(store._pachd, changed)
    (tmp_path / "a").write_bytes(b"2")
    with pytest.raises(StoreError, match=r"nothing was committed: .*/a changed while it was read"):
        upload.filesets()


def test_what_was_sent_is_not_sent_again_for_a_second_attempt(standin, store):
    store.create_repository("pets")
    hold = standin.hold("StartCommit")
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(store.commit, "pets", {"a": b"1"}, mode="add")
        assert hold.reached.wait(60)
        del standin.held["StartCommit"]
        first = open_store(f"pachd://{standin.address}").commit("pets", {"b": b"2"})
        hold.release.set()
        assert late.result().parent == first.id
    assert standin.messages == 2


def test_a_listing_reads_no_file(standin, store):
    ref = store.commit("pets", {"a": b"1", "b": b"2"}).ref
    opened = open_store(f"pachd://{standin.address}")
    standin.calls.clear()
    assert len(opened.ls(ref)) == 2
    assert standin.calls == ["InspectCommit"]
    assert len(opened.digests(ref, ["a", "b"])) == 2
    assert standin.calls == ["InspectCommit", "GetFileTAR"]


def test_a_listing_that_is_too_long_or_wrong_is_made_by_reading(standin, store, monkeypatch):
    ref = store.commit("pets", {"a": b"1"}).ref
    kept = standin.pick(handle(ref)).info.metadata
    for text in ("", "no base64!", pack([File("a", "0" * 64, 1)])):
        kept[LISTING_KEY] = text
        standin.calls.clear()
        assert [file.size for file in open_store(f"pachd://{standin.address}").ls(ref)] == [1]
        assert standin.calls == ["InspectCommit", "GetFileTAR"]
    monkeypatch.setattr("pylib.store.pachyderm_listing._MAX_BYTES", 10)
    assert pack(store.ls(ref)) is None
    long = store.commit("pets", {"b": b"2"}, mode="add")
    opened = open_store(f"pachd://{standin.address}")
    assert [file.path for file in opened.ls(long.ref)] == ["a", "b"]
    assert {file.path for file in opened.ls(opened.commit("pets", {"c": b""}))} == {"c"}


@given(path=st.text(st.characters(codec="utf-8"), max_size=300), data=st.binary(max_size=300))
def test_messages_are_encoded_as_the_sdk_decodes_them(path, data):
    decoded = pfs.ModifyFileRequest.FromString(addition(path, data))
    assert (decoded.add_file.path, decoded.add_file.raw) == (path, data)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/", exclude_categories=["Cc"]), min_size=1, max_size=20
)


@given(NAMES)
def test_names_come_back_and_others_names_can_be_asked_for(name):
    assert decode(f"/{encode(name)}") == name
    if ACCEPTED_PATH.fullmatch(name) and not REFUSED_IN_PATH.search(name):
        assert f"/{name}" in names(decode(f"/{name}"))


FILES = st.builds(File, NAMES, st.sampled_from(["0" * 64, "f" * 64]), st.integers(0, 10**12))


@given(st.lists(FILES, unique_by=lambda file: file.path))
def test_listings_come_back(files):
    assert unpack(pack(sorted(files)), tree_digest(files)) == sorted(files)


def test_a_message_may_be_as_large_as_pachd_allows(standin, store):
    standin.piece = MESSAGE_BYTES - 64
    large = b"0123456789abcdef" * (5 << 18)
    commit = store.commit("pets", {"large": large})
    assert store.read(commit, "large") == large
    assert open_store(f"pachd://{standin.address}").ls(commit.ref)[0].size == len(large)


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


def test_commits_of_others_are_described_too(standin, store):
    mine = store.commit("pets", {"a b": b"1"})
    store.create_repository("theirs")
    opened = store._pachd.pfs.start_commit(branch=branch_of("theirs"))
    standin.pick(opened).files = {"/a b": b"1"}
    store._pachd.pfs.finish_commit(commit=opened)
    store._pachd.pfs.inspect_commit(commit=opened, wait=pfs.CommitState.FINISHED)
    head = store.head("theirs")
    assert (head.tree, head.files, head.size) == (mine.tree, 1, 1)


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
