"""Several images in one request: as many as one call has time and memory for."""

import numpy as np
import pytest

from pylib.errors import RequestError
from pylib.serving.engine import Engine, Identity
from pylib.serving.limits import MAX_BYTES, MAX_IMAGES, MAX_JSON_NUMBERS
from pylib.serving.protocols import arrays, served_model


@pytest.fixture(scope="module")
def engine(artifacts, identity) -> Engine:
    made = Engine(Identity(**identity), artifacts=artifacts, log=None)
    made.load()
    return made


def files(*contents: bytes) -> np.ndarray:
    array = np.empty(len(contents), object)
    array[:] = contents
    return array


def test_each_image_has_its_answer_in_order(engine, photograph):
    found = arrays.answered(engine, files(photograph(1), photograph(2)), ["mask", "class_shares"])
    alone = [arrays.answered(engine, files(photograph(seed)), ["mask"]).arrays["mask"] for seed in (1, 2)]
    assert np.array_equal(found.arrays["mask"], np.concatenate(alone))
    assert found.arrays["class_shares"].shape == (2, 3)
    tags = arrays.tags(found.answers)
    assert tags["prediction_id"] == ",".join(answer.tags["prediction_id"] for answer in found.answers)
    assert tags["model_digest"] == engine.identity.model_digest


def test_images_of_several_sizes_have_files_of_masks_and_no_one_array(engine, photograph):
    both = files(photograph(1), photograph(1, 20, 30))
    assert arrays.answered(engine, both, ["mask_png"]).arrays["mask_png"].shape == (2,)
    with pytest.raises(RequestError, match="differ in size"):
        arrays.answered(engine, both, ["mask"])


def test_too_many_images_or_pixels_are_refused(engine, photograph, monkeypatch):
    with pytest.raises(RequestError, match=f"send 1 to {MAX_IMAGES}"):
        arrays.answered(engine, files(*[b""] * (MAX_IMAGES + 1)), [])
    monkeypatch.setenv("PYLIB_MAX_PIXELS", "10000")
    arrays.answered(engine, files(photograph(1), photograph(2)), [])
    with pytest.raises(RequestError, match="more than 10,000 pixels together") as caught:
        arrays.answered(engine, files(*[photograph(1)] * 3), [])
    assert caught.value.kind == "too large"


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 1, 2, 2, 3), (0, 2, 2, 3)])
def test_numbers_that_are_no_image_are_refused(engine, shape):
    with pytest.raises(RequestError, match=r"shape|0 images"):
        arrays.answered(engine, np.zeros(shape, np.uint8), [])


def test_an_array_is_only_written_where_it_fits():
    arrays.check_count("mask", np.broadcast_to(np.uint8(0), (MAX_JSON_NUMBERS,)))
    with pytest.raises(RequestError, match="too many for JSON"):
        arrays.check_count("mask", np.broadcast_to(np.uint8(0), (MAX_JSON_NUMBERS + 1,)))
    with pytest.raises(RequestError, match="too many for a message"):
        arrays.check_message("mask", np.broadcast_to(np.uint8(0), (MAX_BYTES + 1,)))


def test_the_model_is_known_by_its_deployment_s_and_its_graph_s_name(monkeypatch):
    monkeypatch.setenv("SELDON_DEPLOYMENT_ID", "pets")
    monkeypatch.setenv("PREDICTIVE_UNIT_ID", "model")
    for name in ("pets", "model"):
        served_model.check_name(name)
    with pytest.raises(RequestError, match="no model 'cats' here: ask pets or model") as caught:
        served_model.check_name("cats")
    assert caught.value.kind == "not found"
