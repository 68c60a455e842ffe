"""What a retraining takes over from the champion's record, and what it cannot."""

import hashlib
import inspect
from datetime import UTC, datetime

import pytest

from pylib.errors import ConfigurationError
from pylib.provenance.statement import Definition, build_statement, write_bundle
from pylib.runners import pipelines
from pylib.runners.champion import inherited, parameters
from pylib.steps.train import train

MODEL = b"a model"
DIGEST = hashlib.sha256(MODEL).hexdigest()
CLASSIFICATION = set(pipelines.parameters(pipelines.load("classification"))) - {"data", "champion"}


def thing(name, **more):
    return {"name": name, "digest": {"sha256": hashlib.sha256(name.encode()).hexdigest()}, **more}


def step(name, made, took=(), /, **given):
    now = datetime.now(UTC)
    return build_statement(Definition(name, given, inputs=tuple(took)), made, now, now)


@pytest.fixture
def champion(tmp_path):
    """A classifier in an artifact store, with the records of the steps that it came of."""

    def make(*, took=(), **first):
        features, heads = thing("features"), [thing("head svm"), thing("head dense")]
        model = {"name": "model/model.onnx", "digest": {"sha256": DIGEST}}
        bundle = [
            step("assemble", [model], [features, *heads], target_precision=0.9, seed=3, fine_tune=0),
            step("features", [features], [thing("shards"), *took], alpha=0.35, backbone="xception", **first),
            step("fit_head", heads[:1], [features], name="svm", seed=3),
            step("fit_head", heads[1:], [features], name="dense", seed=3),
            step("prepare", [thing("shards")], image_size=96),
            step("evaluate", [thing("evaluation")], [model], champion="c" * 64),
        ]
        folder = tmp_path / "artifacts/models" / DIGEST
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(MODEL)
        write_bundle(folder, bundle)
        return (tmp_path / "artifacts").as_uri()

    return make


def test_all_that_the_steps_were_given_is_asked_for_again(champion):
    store = champion(weights="imagenet")
    assert parameters(DIGEST, store, CLASSIFICATION) == {
        "alpha": 0.35,
        "backbone": "xception",
        "fine_tune": 0,
        "heads": ["dense", "svm"],
        "image_size": 96,
        "seed": 3,
        "target_precision": 0.9,
        "weights": "imagenet",
    }
    assert parameters(DIGEST, store, {"seed"}) == {"seed": 3}


def test_a_network_s_own_hyper_parameters_are_the_champion_s_too(tmp_path):
    """As the component hands them on to the step: those of the pipeline together, and the others together."""
    own = {"encoder": "vgg19", "alpha": 0.5, "seed": 3}
    given = {"weights": "imagenet", "parameters": own, "options": {"epochs": 5}}
    assert given.keys() <= inspect.signature(train).parameters.keys()
    model = {"name": "model/model.onnx", "digest": {"sha256": DIGEST}}
    prepare = step("prepare", [thing("shards")], image_size=96)
    folder = tmp_path / "models" / DIGEST
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(MODEL)
    write_bundle(folder, [step("train", [model], [thing("shards")], **given), prepare])
    wanted = set(pipelines.parameters(pipelines.load("segmentation"))) - {"data", "champion"}
    found = parameters(DIGEST, tmp_path.as_uri(), wanted)
    assert found == own | {"weights": "imagenet", "options": {"epochs": 5}, "image_size": 96}


def test_a_file_of_weights_is_to_be_given_again_and_not_left_out_in_silence(champion):
    store = champion(took=[thing("weights", uri="mine.weights.h5")])
    with pytest.raises(
        ConfigurationError, match=r"began with a file of weights, mine\.weights\.h5 .*--weights FILE"
    ):
        parameters(DIGEST, store, CLASSIFICATION)
    assert "weights" not in parameters(DIGEST, store, CLASSIFICATION - {"weights"})


def test_without_a_record_the_defaults_hold_and_it_says_so(tmp_path):
    found, said = inherited("0" * 64, (tmp_path / "artifacts").as_uri(), CLASSIFICATION)
    assert found == {}
    assert "defaults hold" in said
