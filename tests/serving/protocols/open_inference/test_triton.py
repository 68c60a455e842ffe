"""tritonclient, as its users have it, asks real servers over HTTP and gRPC, one by one and at once."""

import base64
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import requests

from pylib.data.images import decode_image, decode_mask
from pylib.serving import local
from tests.serving.protocols import clients
from tests.serving.test_feedback import classifier, store

pytestmark = pytest.mark.slow
FIXTURES = (classifier, store)
CALLS = Path(__file__).with_name("triton_calls.py")
MODES = ["http", "grpc"]
CODES = {
    "http": {400: "400", 404: "404"},
    "grpc": {400: "StatusCode.INVALID_ARGUMENT", 404: "StatusCode.NOT_FOUND"},
}


@pytest.fixture(scope="module")
def image(tmp_path_factory, photograph) -> Path:
    file = tmp_path_factory.mktemp("image") / "image.jpg"
    file.write_bytes(photograph(1))
    return file


@pytest.fixture(scope="module")
def both(classifier, server, image) -> list[dict]:
    """What a classifier and a segmentation say, in one process: importing the client takes seconds."""
    addresses = [
        address
        for each in (classifier, server)
        for address in (each.url.removeprefix("http://"), f"127.0.0.1:{each.grpc_port}")
    ]
    return clients.run(CALLS, "model", image, *addresses)


@pytest.fixture(scope="module")
def classified(both) -> dict:
    return both[0]


@pytest.fixture(scope="module")
def segmented(both) -> dict:
    return both[1]


@pytest.fixture(scope="module")
def by_seldon(classifier, image) -> dict:
    """What Seldon's protocol says of the same file."""
    with image.open("rb") as file:
        url = f"{classifier.url}/api/v1.0/predictions"
        return requests.post(url, files={"binData": file}, timeout=30).json()["jsonData"]


@pytest.mark.parametrize("mode", MODES)
def test_it_says_what_it_is(classified, store, mode):
    said = classified[mode]
    assert said["live"]
    assert said["ready"]
    assert said["model"]
    metadata = said["metadata"]
    assert (metadata["name"], metadata["versions"]) == ("segmentation", [store[1]])
    assert [(each["name"], each["datatype"]) for each in metadata["inputs"]] == [("image", "BYTES")]
    shapes = {
        each["name"]: (each["datatype"], [int(size) for size in each["shape"]])
        for each in metadata["outputs"]
    }
    assert shapes["probabilities"] == ("FP32", [-1, 2])
    assert shapes["label"] == ("BYTES", [-1])
    assert said["server"]["name"] == "pylib"


@pytest.mark.parametrize("mode", MODES)
def test_a_file_is_answered_as_by_seldon(classified, by_seldon, store, mode):
    said = classified[mode]["file"]
    arrays = said["arrays"]
    assert arrays["classes"] == by_seldon["classes"]
    assert dict(zip(arrays["classes"], arrays["probabilities"], strict=True)) == by_seldon["probabilities"]
    assert (arrays["label"], arrays["unsure"]) == ([by_seldon["label"]], [by_seldon["unsure"]])
    assert (said["id"], said["version"]) == ("my-1", store[1])
    assert said["parameters"]["model_digest"] == store[1]
    assert said["parameters"]["task"] == "classification"
    assert len(said["parameters"]["prediction_id"]) == 36


@pytest.mark.parametrize("mode", MODES)
def test_each_of_several_files_has_its_row_and_its_id(classified, mode):
    one, two = classified[mode]["file"]["arrays"], classified[mode]["two"]
    assert two["arrays"]["probabilities"] == one["probabilities"] * 2
    assert two["arrays"]["label"] == one["label"] * 2
    ids = two["parameters"]["prediction_id"].split(",")
    assert len(set(ids)) == 2


@pytest.mark.parametrize("mode", MODES)
def test_only_what_is_asked_for_comes_back_with_the_parameters_that_were_sent(classified, mode):
    said = classified[mode]["wanted"]
    assert list(said["arrays"]) == ["unsure"]
    assert said["parameters"]["customer"] == "c1"


@pytest.mark.parametrize("mode", MODES)
def test_pixels_are_answered_whatever_type_carries_them(classified, mode):
    said = classified[mode]
    assert said["uint8"]["arrays"] == said["fp32"]["arrays"]
    assert said["version"]["arrays"] == said["file"]["arrays"]


def test_rest_takes_and_gives_json_too(classified):
    said = classified["http"]
    assert said["json"]["arrays"] == {"classes": said["uint8"]["arrays"]["classes"]}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("case", "status", "reason"),
    [
        ("no image", 400, "not an image"),
        ("no model", 404, "no model 'other' here: ask segmentation or model"),
        ("no version", 404, "version '9' is not served"),
        ("no input", 400, "no input 'picture'"),
        ("no output", 400, "no output 'boxes'"),
        ("fractions", 400, "multiply by 255"),
        ("no inputs", 400, "0 inputs"),
    ],
)
def test_what_is_wrong_is_refused_in_the_protocol_s_own_form(classified, mode, case, status, reason):
    code, sentence = classified[mode][case]
    assert code == CODES[mode][status]
    assert reason in sentence


def test_calls_at_once_are_all_answered(classified):
    assert classified["aio"] == [["red"] * 5] * 2


@pytest.mark.parametrize("mode", MODES)
def test_a_mask_comes_as_numbers_and_as_a_file(segmented, mode, identity):
    said = segmented[mode]["file"]
    assert said["parameters"].items() >= identity.items()
    mask = decode_mask(said["arrays"]["mask_png"][0].encode("latin-1"))
    assert mask.shape == (60, 80)
    assert said["arrays"]["mask"] == mask.ravel().tolist()
    shares = np.bincount(mask.ravel(), minlength=3) / mask.size
    assert said["arrays"]["class_shares"] == pytest.approx(shares.tolist())


def infer(server: local.Server, body: dict, **headers: str) -> requests.Response:
    return requests.post(f"{server.url}/v2/models/model/infer", json=body, headers=headers, timeout=30)


def file_as_json(data: bytes, **more: object) -> dict:
    text = base64.b64encode(data).decode()
    return {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": [text]}], **more}


def test_plain_json_is_enough(server, photograph):
    said = infer(
        server, file_as_json(photograph(1), id="a", outputs=[{"name": "mask"}, {"name": "mask_png"}])
    ).json()
    assert said["id"] == "a"
    mask, png = said["outputs"]
    assert (mask["datatype"], mask["shape"]) == ("UINT8", [1, 60, 80])
    assert decode_mask(base64.b64decode(png["data"][0])).ravel().tolist() == mask["data"]


def test_the_same_decoder_takes_every_form(server, predictions, photograph):
    """The log has the file's SHA-256, and of pixels theirs: one road for all protocols."""
    data = photograph(9)
    pixels = decode_image(data)
    numbers = {
        "name": "image",
        "datatype": "UINT8",
        "shape": list(pixels.shape),
        "data": pixels.ravel().tolist(),
    }
    ids = [
        infer(server, body).json()["parameters"]["prediction_id"]
        for body in (file_as_json(data), {"inputs": [numbers]})
    ]
    logged = {each["prediction_id"]: each for each in map(json.loads, predictions.read_text().splitlines())}
    digests = [logged[each]["image_sha256"] for each in ids]
    assert digests == [hashlib.sha256(data).hexdigest(), hashlib.sha256(pixels.tobytes()).hexdigest()]
    assert logged[ids[0]]["answer"] == logged[ids[1]]["answer"]


def test_a_mask_too_large_for_json_says_how_to_have_it(server, photograph):
    refused = infer(server, file_as_json(photograph(1, 2100, 2000)))
    assert refused.status_code == 400
    assert "ask for it as binary data, or as a file" in refused.json()["error"]
    asked = file_as_json(photograph(1, 2100, 2000), outputs=[{"name": "class_shares"}])
    assert infer(server, asked).ok
