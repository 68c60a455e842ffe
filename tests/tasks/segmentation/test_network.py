"""The network of a segmentation: from hyper-parameters and shards to what is trained."""

import pytest

from pylib.data.shards import ArraySpec, ShardIndex
from pylib.errors import ConfigurationError, ModelError
from pylib.models.spec import WeightsOrigin
from pylib.tasks.segmentation import network

FILE = WeightsOrigin(origin="file", sha256="0" * 64)


def index(size: int = 64) -> ShardIndex:
    return ShardIndex(
        task="segmentation",
        name="any",
        classes=["object", "background", "border"],
        inputs=ArraySpec(dtype="uint8", shape=(size, size, 3)),
        targets=ArraySpec(dtype="uint8", shape=(size, size)),
        splits={},
    )


def test_the_spec_is_that_of_the_data_and_the_hyper_parameters() -> None:
    config = network.Config(filters=(8, 8, 8, 8), dropout=0.3, alpha=0.5, frozen=True)
    spec = network.spec(config, index(), FILE)
    assert (spec.task, spec.image_size, spec.classes) == (
        "segmentation",
        64,
        ("object", "background", "border"),
    )
    assert (spec.filters, spec.dropout, spec.alpha, spec.frozen) == ((8, 8, 8, 8), 0.3, 0.5, True)
    assert spec.weights == FILE


def test_what_cannot_be_built_is_one_line() -> None:
    with pytest.raises(ConfigurationError, match=r"model: .*frozen encoder learns nothing") as error:
        network.spec(network.Config(frozen=True), index(), WeightsOrigin())
    assert "\n" not in str(error.value)
    with pytest.raises(ConfigurationError, match="image_size"):
        network.spec(network.Config(), index(40), WeightsOrigin())


def test_only_an_encoder_with_first_weights_learns_slower() -> None:
    config = network.Config(filters=(8, 8, 8, 8), encoder_lr_multiplier=0.25)
    random, pretrained = (network.spec(config, index(), origin) for origin in (WeightsOrigin(), FILE))
    model = network.build(pretrained, None)
    multipliers = network.lr_multipliers(model, pretrained, config)
    encoder = {variable.path for variable in model.get_layer("encoder").trainable_variables}
    assert multipliers == dict.fromkeys(encoder, 0.25)
    assert 0 < len(encoder) < len(model.trainable_variables)
    assert network.lr_multipliers(model, random, config) == {}


def test_what_is_trained_is_what_is_exported_before_its_softmax() -> None:
    model = network.build(network.spec(network.Config(filters=(8, 8, 8, 8)), index(), WeightsOrigin()), None)
    trained = network.trained_part(model)
    assert {variable.path for variable in trained.variables} == {
        variable.path for variable in model.variables
    }
    assert (model.inputs[0].name, model.output_names) == ("image", ["probabilities"])
    assert trained.output_names == ["logits"]


def test_first_weights_are_checked_before_anything_is_fetched() -> None:
    with pytest.raises(ConfigurationError, match="frozen encoder learns nothing"):
        network.check_weights(network.Config(frozen=True), "none")
    with pytest.raises(ModelError, match=r"alpha 0\.36; use one of 0\.35"):
        network.check_weights(network.Config(alpha=0.36), "imagenet")
    network.check_weights(network.Config(alpha=0.36), "none")
    network.check_weights(network.Config(frozen=True), "imagenet")
