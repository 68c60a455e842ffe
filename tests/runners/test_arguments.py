"""Arguments as a run takes them: pinned, and readable from where its steps are."""

import pytest

from pylib.errors import ConfigurationError, DataError, PipelineError, StoreError
from pylib.runners.arguments import for_cluster, here, pinned
from pylib.store.opening import open_store
from tests.data.index import WHOLE, data_set
from tests.runners.kubectl_stand_in import config
from tests.store.standin import serving

HDF5 = b"\x89HDF\r\n\x1a\nnumbers"


@pytest.fixture
def pachd(api, monkeypatch, tmp_path):
    """A cluster's store, reached from here, with a data set; nothing is released, whatever `out` holds."""
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    with serving() as (held, address):
        monkeypatch.setenv("PACHD_ADDRESS", f"pachd://{address}")
        held.commit = open_store(f"pachd://{address}").commit(
            "sample", {"dataset.json": data_set(**WHOLE).dumps()}
        )
        held.store = open_store(f"pachd://{address}")
        yield held


@pytest.fixture
def weights(tmp_path):
    file = tmp_path / "first.weights.h5"
    file.write_bytes(HDF5)
    return file


def test_branches_are_pinned_to_commits(pachd):
    kept = pachd.store.commit("weights", {"w.h5": b"1"})
    found = pinned({"data": "sample@master", "weights": "weights@master:w.h5"})
    assert found == {"data": f"sample@{pachd.commit.id}", "weights": f"weights@{kept.id}:w.h5"}


def test_a_file_for_a_cluster_becomes_a_commit_and_that_is_said(pachd, weights):
    arguments, said = for_cluster("segmentation", {"data": "sample@master", "weights": str(weights)}, "ml")
    repository, _, rest = arguments["weights"].partition("@")
    assert (repository, rest.endswith(":first.weights.h5")) == ("weights", True)
    assert pachd.store.read(arguments["weights"].partition(":")[0], "first.weights.h5") == HDF5
    assert said[-1] == f"weights: first.weights.h5 is committed as {arguments['weights']}"


def test_here_a_file_is_used_as_it_is(pachd, weights):
    assert pinned({"data": "sample@master", "weights": str(weights)})["weights"] == str(weights)


def test_a_file_that_cannot_be_committed_is_refused_at_once(pachd, weights):
    import grpc

    pachd.broken = {"CreateFileSet": grpc.StatusCode.INTERNAL}
    with pytest.raises(
        StoreError, match=r"--weights .*first.weights.h5: steps on a cluster read no file of this"
    ):
        for_cluster("segmentation", {"data": "sample@master", "weights": str(weights)}, "ml")


def test_nothing_is_committed_where_an_argument_is_wrong(pachd, weights):
    given = {"data": "sample@master", "weights": str(weights), "options": {"epoch": 3}}
    with pytest.raises(ConfigurationError, match="epoch"):
        for_cluster("segmentation", given, "ml")
    assert pachd.store.list_repositories() == ["sample"]


@pytest.mark.parametrize("weights", ["no/such.h5", "weights@master:gone.h5"])
def test_weights_that_are_not_there_never_leave(pachd, weights):
    pachd.store.commit("weights", {"w.h5": b"1"})
    with pytest.raises((PipelineError, StoreError), match=r"no such file"):
        for_cluster("segmentation", {"data": "sample@master", "weights": weights}, "ml")


def test_data_on_this_machine_is_refused_for_a_cluster(api, monkeypatch, tmp_path):
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path))
    open_store((tmp_path / "store").as_uri()).commit("sample", {"dataset.json": data_set(**WHOLE).dumps()})
    with pytest.raises(
        ConfigurationError, match=r"is on this machine, where no step .* PACHD_ADDRESS=grpc://"
    ):
        for_cluster("segmentation", {"data": "sample@master"}, "ml")


@pytest.mark.parametrize(
    ("environment", "cluster", "given", "gpus"),
    [
        (None, None, None, None),  # nobody says: the pipeline's own default, none
        (None, "0", None, "0"),
        (None, "1", None, "1"),
        ("2", "1", None, "2"),
        ("2", "1", 4, "4"),
    ],
)
def test_the_cluster_decides_on_gpus_and_the_parameter_may(
    pachd, cluster_kubectl, monkeypatch, environment, cluster, given, gpus
):
    if environment:
        monkeypatch.setenv("PYLIB_GPUS", environment)
    if cluster:
        cluster_kubectl.connected(objects={"configmap": [config(PYLIB_GPUS=cluster)]})
    parameters = {"data": "sample@master", **({"gpus": given} if given else {})}
    assert for_cluster("segmentation", parameters, "ml")[0].get("gpus") == gpus


UNUSABLE = {
    "no test": ({"train": 7, "validation": 1}, DataError, r"no image in the split test \(7 train, 1 valid"),
    "no validation": ({"train": 7, "test": 1}, DataError, "no image in the split validation"),
    "nothing to learn from": ({"validation": 1, "test": 1}, DataError, "no image in the split train"),
    "another task": (
        {"task": "cats", **WHOLE}, ConfigurationError, "is of the task cats, the pipeline trains segm",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("made", "error", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_data_that_a_step_cannot_work_on_is_refused_here_and_for_a_cluster(
    pachd, weights, made, error, reason
):
    pachd.store.commit("bad", {"dataset.json": data_set(**made).dumps()})
    given = {"data": "bad@master", "weights": str(weights)}
    for ready in (lambda: here("segmentation", given), lambda: for_cluster("segmentation", given, "ml")):
        with pytest.raises(error, match=reason) as caught:
            ready()
        assert "\n" not in str(caught.value)
    assert sorted(pachd.store.list_repositories()) == ["bad", "sample"], "nothing is committed for it"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"images/a.png": b""}, "no dataset.json in it, so it is no data set; `pylib data ingest`"),
        ({"dataset.json": b"{}"}, "bad@.*dataset.json: .*; ingest the data set again"),
    ],
)
def test_a_commit_that_is_no_data_set_is_refused(pachd, files, reason):
    pachd.store.commit("bad", files)
    with pytest.raises(DataError, match=reason):
        here("segmentation", {"data": "bad@master"})


def test_a_set_too_small_for_the_gate_is_said_before_it_trains(pachd):
    _, said = here("segmentation", {"data": "sample@master"})
    assert said == [
        "the gate will not pass: images 1 (≥ 10), since the test split has no more; it trains all the same"
    ]
    pachd.store.commit("more", {"dataset.json": data_set(**{**WHOLE, "test": 10}).dumps()})
    assert here("segmentation", {"data": "more@master"})[1] == []
    assert for_cluster("segmentation", {"data": "sample@master"}, "ml")[1] == said
