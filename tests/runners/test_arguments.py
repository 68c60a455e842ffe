"""Arguments as a run takes them: pinned, and readable from where its steps are."""

import pytest

from pylib.errors import ConfigurationError, PipelineError, StoreError
from pylib.runners.arguments import for_cluster, pinned
from pylib.store.opening import open_store
from tests.data.index import WHOLE, data_set
from tests.runners.kubectl_stand_in import config
from tests.store.standin import serving


@pytest.fixture
def pachd(api, monkeypatch):
    """A cluster's store, reached from here, with a data set."""
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
    file.write_bytes(b"numbers")
    return file


def test_branches_are_pinned_to_commits(pachd):
    kept = pachd.store.commit("weights", {"w.h5": b"1"})
    found = pinned({"data": "sample@master", "weights": "weights@master:w.h5"})
    assert found == {"data": f"sample@{pachd.commit.id}", "weights": f"weights@{kept.id}:w.h5"}


def test_a_file_for_a_cluster_becomes_a_commit_and_that_is_said(pachd, weights):
    arguments, said = for_cluster("segmentation", {"data": "sample@master", "weights": str(weights)}, "ml")
    repository, _, rest = arguments["weights"].partition("@")
    assert (repository, rest.endswith(":first.weights.h5")) == ("weights", True)
    assert pachd.store.read(arguments["weights"].partition(":")[0], "first.weights.h5") == b"numbers"
    assert said == [f"weights: first.weights.h5 is committed as {arguments['weights']}"]


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
