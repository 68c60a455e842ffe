"""Checks of a pipeline's arguments come from the steps that they go to, whatever the pipeline calls them."""

import pytest
from kfp import dsl

from components.prepare import prepare
from components.train import train
from pylib.errors import ConfigurationError, StoreError
from pylib.runners import checks, components

TASK = "segmentation"


@dsl.pipeline(name="renamed")
def renamed(images: str, side: int = 64, width: float = 0.35, first: str = "none"):
    prepared = prepare(data=images, image_size=side)
    train(shards=prepared.outputs["shards"], alpha=width, weights=first, options={"epochs": 1})


@dsl.pipeline(name="looped")
def looped(images: str, side: int = 64):
    with dsl.ParallelFor([0.35, 0.5]) as width:
        prepared = prepare(data=images, image_size=side)
        train(shards=prepared.outputs["shards"], alpha=width)


@dsl.pipeline(name="constant")
def constant(images: str):
    prepare(data=images, image_size=50)


@pytest.mark.parametrize(
    ("pipeline", "wrong", "error", "reason"),
    [
        (renamed, {"side": 50}, ConfigurationError, "image_size=50"),
        (renamed, {"images": "a b"}, StoreError, "names no commit"),
        (renamed, {"width": 3}, ConfigurationError, "alpha"),
        (renamed, {"first": "weights@master"}, StoreError, "repository@commit:path"),
        (looped, {"side": 50}, ConfigurationError, "image_size=50"),
        (constant, {}, ConfigurationError, "image_size=50"),
    ],
)
def test_a_step_refuses_what_it_is_given_under_any_name(pipeline, wrong, error, reason):
    with pytest.raises(error, match=reason):
        checks.checked(pipeline, {"images": "sample@master", **wrong})


@pytest.mark.parametrize("pipeline", [renamed, looped])
def test_what_the_steps_take_is_let_through(pipeline):
    assert checks.checked(pipeline, {"images": "sample@master", "side": 96.0})["side"] == 96


def test_what_is_known_of_a_components_inputs_is_arguments_constants_and_defaults():
    (used,) = (used for used in components.used(renamed) if used.name == "train")
    assert used.parameters == {"alpha": "width", "weights": "first"}
    known = used.inputs({"width": 0.5, "first": "none"})
    assert known == {
        "alpha": 0.5,
        "weights": "none",
        "options": {"epochs": 1},
        "encoder": None,
        "seed": 0,
        "search": {},
    }


def test_what_a_loop_gives_is_not_known_before_the_run():
    (used,) = (used for used in components.used(looped) if used.name == "train")
    assert "alpha" not in used.inputs({"images": "a", "side": 64})


def test_ranges_are_those_of_the_step_under_the_pipelines_names():
    assert checks.limits(renamed) == {"width": "0 < x <= 2"}
