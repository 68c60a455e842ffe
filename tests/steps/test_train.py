import pytest

from pylib.data.shards import ArraySpec, ShardIndex
from pylib.errors import ConfigurationError
from pylib.steps.train import _first, train
from pylib.store.opening import open_store

INDEX = ShardIndex(
    task="segmentation",
    name="none",
    classes=["object", "background"],
    inputs=ArraySpec(dtype="uint8", shape=(32, 32, 3)),
    targets=ArraySpec(dtype="uint8", shape=(32, 32)),
    splits={},
)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"seed": 3}, "options: seed is a parameter of its own"),
        ({"epoch": 3}, "epoch: Extra inputs are not permitted"),
        ({"epochs": 0}, "epochs: Input should be greater than or equal to 1"),
        ({"batch": "many"}, "batch: Input should be a valid integer"),
    ],
)
def test_wrong_hyper_parameters_are_one_line_before_anything_is_trained(tmp_path, options, reason):
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "index.json").write_bytes(INDEX.dumps())
    with pytest.raises(ConfigurationError) as error:
        train(
            tmp_path / "shards",
            tmp_path / "model",
            weights="none",
            parameters={"encoder": "mobilenet_v2", "alpha": 0.35, "seed": 0},
            options=options,
        )
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "model").exists()


def test_first_weights_of_the_store_are_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("PYLIB_STORE", str(tmp_path / "store"))
    commit = open_store(str(tmp_path / "store")).commit("weights", {"first.weights.h5": b"numbers"})
    fetched = _first(f"weights@{commit.id}:first.weights.h5", tmp_path)
    assert fetched == tmp_path / "first.weights.h5"
    assert fetched.read_bytes() == b"numbers"
    assert _first("imagenet", tmp_path) == "imagenet"
    assert _first(str(fetched), tmp_path) == fetched
