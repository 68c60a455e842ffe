"""The network of a classification: from hyper-parameters and shards to what is trained."""

import numpy as np
import pytest
from pydantic import ValidationError

from pylib.data.shards import ArraySpec, ShardIndex
from pylib.errors import ConfigurationError, ModelError
from pylib.models.spec import WeightsOrigin
from pylib.runners.options import described
from pylib.tasks.classification import network
from pylib.training.config import training_config

FILE = WeightsOrigin(origin="file", sha256="0" * 64)


def index(size: int = 32) -> ShardIndex:
    return ShardIndex(
        task="classification",
        name="any",
        classes=["cat", "dog", "eel"],
        inputs=ArraySpec(dtype="uint8", shape=(size, size, 3)),
        targets=ArraySpec(dtype="int64", shape=()),
        splits={},
    )


def test_the_spec_is_that_of_the_data_and_the_hyper_parameters() -> None:
    config = network.Config(backbone="vgg16", dropout=0.3, fine_tune=2)
    spec = network.spec(config, index(), FILE)
    assert (spec.task, spec.image_size, spec.classes) == ("classification", 32, ("cat", "dog", "eel"))
    assert (spec.backbone, spec.dropout, spec.fine_tune, spec.width) == ("vgg16", 0.3, 2, 1.0)
    assert network.spec(network.Config(alpha=0.5), index(), FILE).width == 0.5
    assert network.Spec.model_validate_json(spec.dumps()) == spec


@pytest.mark.parametrize(
    ("config", "size", "reason"),
    [
        ({"backbone": "xception"}, 64, "model: .*xception on images of 64 pixels: it takes 71 or more"),
        ({}, 16, "image_size"),
    ],
)
def test_what_cannot_be_built_is_one_line(config: dict[str, object], size: int, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as error:
        network.spec(network.Config(**config), index(size), WeightsOrigin())
    assert "\n" not in str(error.value)


def test_a_backbone_that_there_is_not_is_one_line_that_names_those_there_are() -> None:
    with pytest.raises(
        ConfigurationError, match=r"backbone='mobilenetv2': .*did you mean mobilenet_v2"
    ) as error:
        training_config("classification", backbone="mobilenetv2")
    assert "\n" not in str(error.value)
    assert "convnext_tiny" in described(network.Config)["backbone"].limits


def test_only_a_backbone_with_first_weights_learns_slower() -> None:
    config = network.Config(backbone_lr_multiplier=0.25)
    random, pretrained = (network.spec(config, index(), origin) for origin in (WeightsOrigin(), FILE))
    model = network.build(pretrained, None)
    multipliers = network.lr_multipliers(model, pretrained, config)
    head = {variable.path for variable in model.get_layer("head").trainable_variables}
    whole = {variable.path for variable in model.trainable_variables}
    assert multipliers == dict.fromkeys(whole - head, 0.25)
    assert len(multipliers) == len(whole) - 6
    assert network.lr_multipliers(model, random, config) == {}


def test_of_a_frozen_backbone_the_head_alone_learns() -> None:
    model = network.build(network.spec(network.Config(fine_tune=0), index(), FILE), None)
    assert {variable.path for variable in model.trainable_variables} == {
        variable.path for variable in model.get_layer("head").trainable_variables
    }

    kept = {variable.path for variable in model.get_layer("head").non_trainable_variables}
    assert {path.rpartition("/")[2] for path in kept} == {"mean", "scale"}


def test_of_a_fine_tuned_backbone_the_last_blocks_learn_and_their_normalisation_stays() -> None:
    model = network.build(network.spec(network.Config(fine_tune=2), index(), FILE), None)
    backbone = model.get_layer("mobilenet_v2")
    learning = {variable.path.split("/")[-2] for variable in backbone.trainable_variables}
    assert {name[:8] for name in learning} == {"block_15", "block_16", "Conv_1", "Conv_1_b"}
    found = network.spec(network.Config(), index(), FILE).model_copy(update={"fine_tune": 99})
    with pytest.raises(ModelError, match=r"fine_tune=99: mobilenet_v2 has 17 blocks"):
        network.build(found, None)


def test_more_blocks_than_a_backbone_has_are_refused_with_the_hyper_parameters() -> None:
    network.Config(backbone="vgg16", fine_tune=5)
    with pytest.raises(ValidationError, match="vgg16 has 5 blocks; give that or fewer"):
        network.Config(backbone="vgg16", fine_tune=6)


def test_what_is_trained_is_what_is_exported_before_its_softmax() -> None:
    model = network.build(network.spec(network.Config(), index(), WeightsOrigin()), None)
    trained = network.trained_part(model)
    assert {variable.path for variable in trained.variables} == {
        variable.path for variable in model.variables
    }
    assert (model.inputs[0].name, model.output_names) == ("image", ["probabilities"])
    assert (model.inputs[0].dtype, trained.output_names) == ("uint8", ["head"])
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    logits, probabilities = np.asarray(trained(images)), np.asarray(model(images))
    expected = np.exp(logits - logits.max(-1, keepdims=True))
    np.testing.assert_allclose(probabilities, expected / expected.sum(-1, keepdims=True), rtol=1e-5)


def test_first_weights_are_checked_before_anything_is_fetched() -> None:
    with pytest.raises(ModelError, match=r"alpha 0\.36; use one of 0\.35"):
        network.check_weights(network.Config(alpha=0.36), "imagenet")
    network.check_weights(network.Config(alpha=0.36), "none")
    network.check_weights(network.Config(fine_tune=0), "imagenet")
