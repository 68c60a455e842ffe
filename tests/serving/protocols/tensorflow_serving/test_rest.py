"""TensorFlow Serving's REST on a real server: rows, columns, status, metadata, and what is refused."""

import base64

import numpy as np
import pytest
import requests

from pylib.data.images import decode_mask
from pylib.serving import local
from tests.serving.test_feedback import classifier, store

pytestmark = pytest.mark.slow
FIXTURES = (classifier, store)
PIXELS = (np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 14).tolist()


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def predict(server: local.Server, body: object, place: str = "segmentation") -> requests.Response:
    return requests.post(f"{server.url}/v1/models/{place}:predict", json=body, timeout=30)


@pytest.fixture(scope="module")
def file(photograph) -> dict[str, str]:
    return b64(photograph(1))


@pytest.fixture(scope="module")
def version(classifier) -> str:
    said = requests.get(f"{classifier.url}/v1/models/segmentation", timeout=30).json()
    (one,) = said["model_version_status"]
    assert one["state"] == "AVAILABLE"
    return one["version"]


def test_rows_and_columns_say_the_same(classifier, file, store):
    rows = predict(classifier, {"instances": [file, file]}).json()["predictions"]
    columns = predict(classifier, {"inputs": {"image": [file, file]}}).json()["outputs"]
    assert [row["prediction"] for row in rows] == columns["prediction"]
    assert [row["label"] for row in rows] == columns["label"]
    assert rows[0]["classes"] == ["red", "green"]
    assert rows[0]["model_digest"] == store[1]
    assert len({row["prediction_id"] for row in rows}) == 2


@pytest.mark.parametrize("place", ["segmentation", "model"])
def test_every_way_to_write_one_image_is_answered_alike(classifier, file, place):
    bodies = [
        {"instances": [file]},
        {"instances": [{"image": file}]},
        {"signature_name": "serving_default", "instances": [file]},
        {"inputs": file},
        {"inputs": [file]},
        {"inputs": {"image": file}},
        {"inputs": {"image": [file]}},
    ]
    answers = [predict(classifier, body, place).json() for body in bodies]
    found = [
        a["predictions"][0]["prediction"] if "predictions" in a else a["outputs"]["prediction"][0]
        for a in answers
    ]
    assert found == [found[0]] * len(bodies)


def test_pixels_are_answered_in_rows_and_columns(classifier):
    bodies = [
        {"instances": [PIXELS]},
        {"instances": [{"image": PIXELS}]},
        {"inputs": [PIXELS]},
        {"inputs": PIXELS},
    ]
    answers = [predict(classifier, body).json() for body in bodies]
    found = [
        a["predictions"][0]["prediction"] if "predictions" in a else a["outputs"]["prediction"][0]
        for a in answers
    ]
    assert found == [found[0]] * len(bodies)


def test_a_version_and_a_label_name_the_model(classifier, file, version, store):
    for place in (f"segmentation/versions/{version}", f"segmentation/labels/{store[1]}"):
        assert predict(classifier, {"instances": [file]}, place).ok
    for place in ("segmentation/versions/1", "segmentation/labels/stable", "other"):
        refused = predict(classifier, {"instances": [file]}, place)
        assert refused.status_code == 404
        assert set(refused.json()) == {"error"}


def test_the_signature_is_told(classifier):
    said = requests.get(f"{classifier.url}/v1/models/segmentation/metadata", timeout=30).json()
    assert said["model_spec"]["name"] == "segmentation"
    signature = said["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["image"]["dtype"] == "DT_STRING"
    assert signature["outputs"]["prediction"]["tensor_shape"]["dim"] == [
        {"size": "-1", "name": ""},
        {"size": "2", "name": ""},
    ]


def test_a_mask_comes_as_a_file(server, file):
    (row,) = predict(server, {"instances": [file]}, "model").json()["predictions"]
    assert decode_mask(base64.b64decode(row["mask_png_bytes"]["b64"])).shape == (60, 80)
    assert sum(row["class_shares"]) == pytest.approx(1)
    assert "mask" not in row


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "no instances"),
        ([], "no instances"),
        ({"instances": [], "inputs": []}, "instances and inputs"),
        ({"instances": []}, "has the shape [0]"),
        ({"instances": {}}, "not a list"),
        ({"instances": ["text"]}, "no numbers"),
        ({"instances": [{"b64": 3}]}, 'no {"b64"'),
        ({"instances": [{"b64": "****"}]}, 'no {"b64"'),
        ({"instances": [b64(b"no image")]}, "not an image"),
        ({"instances": [b64(b"no image"), 3]}, 'no {"b64"'),
        ({"instances": [{"images": b64(b"")}]}, "the one input is image"),
        ({"instances": [b64(b"")] * 17}, "send 1 to 16"),
        ({"instances": [[[1, 2], [3]]]}, "ragged"),
        ({"instances": [1, 2]}, "has the shape [2]"),
        ({"instances": [PIXELS, [PIXELS[0]]]}, "ragged"),
        ({"instances": [PIXELS], "signature_name": "classify"}, "no signature 'classify'"),
        ({"inputs": {"image": PIXELS, "other": 1}}, "the one input is image"),
        ({"inputs": None}, "no numbers"),
    ],
)
def test_what_is_wrong_is_a_400_with_a_sentence(classifier, body, reason):
    refused = predict(classifier, body)
    assert refused.status_code == 400
    assert reason in refused.json()["error"]


def test_what_is_no_json_is_a_400(classifier):
    for data in (b"", b"{", b"\xff", b"[" * 100_000):
        refused = requests.post(f"{classifier.url}/v1/models/model:predict", data=data, timeout=30)
        assert refused.status_code == 400
        assert "not JSON" in refused.json()["error"]
