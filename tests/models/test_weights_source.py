"""What `weights` means, from the command line to the step."""

import pytest

from pylib.errors import NotFoundError, PipelineError, StoreError
from pylib.models import weights_source
from pylib.store.opening import open_store


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "first.weights.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\nnumbers")
    return path


@pytest.mark.parametrize("weights", weights_source.NAMED)
def test_names_stay_names_and_open_no_store(weights, tmp_path):
    weights_source.check(weights)
    assert weights_source.pinned(weights, "nonsense://") == weights
    assert weights_source.shared(weights, "nonsense://") == weights
    assert weights_source.fetched(weights, "nonsense://", tmp_path) == weights


def test_a_file_is_pinned_by_its_path_and_shared_as_a_commit(file, store, tmp_path, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert weights_source.pinned(file.name, store) == str(file)
    shared = weights_source.shared(str(file), store)
    assert shared.startswith("weights@")
    assert weights_source.shared(shared, store) == shared
    (tmp_path / "step").mkdir()
    fetched = weights_source.fetched(shared, store, tmp_path / "step")
    assert fetched == tmp_path / "step" / file.name
    assert fetched.read_bytes() == file.read_bytes()
    assert weights_source.fetched(str(file), store, tmp_path) == file


def test_a_branch_is_pinned_to_its_commit(store):
    commit = open_store(store).commit("weights", {"w.h5": b"1"})
    assert weights_source.pinned("weights@master:w.h5", store) == f"weights@{commit.id}:w.h5"


@pytest.mark.parametrize(
    ("weights", "error", "reason"),
    [
        ("no/such.h5", PipelineError, "--weights no/such.h5: no such file; give none, imagenet, a Keras"),
        (__file__, PipelineError, "neither HDF5 .* nor an archive of Keras"),
        ("weights@master:gone.h5", NotFoundError, "no such file in that commit; it has: w.h5"),
    ],
)
def test_what_is_not_there_is_said_before_a_run(store, weights, error, reason):
    open_store(store).commit("weights", {"w.h5": b"1"})
    with pytest.raises(error, match=reason):
        weights_source.pinned(weights, store)


def test_a_name_without_a_path_is_refused_unless_a_file_is_named_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="write repository@commit:path"):
        weights_source.check("weights@master")
    (tmp_path / "weights@master").write_bytes(b"")
    weights_source.check("weights@master")
