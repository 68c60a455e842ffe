"""TensorFlow Serving's own stubs ask a real server: the classic `image` → `classes`, `prediction`."""

from pathlib import Path

import pytest
import requests

from pylib.data.images import decode_mask
from tests.serving.protocols import clients
from tests.serving.test_feedback import classifier, store

pytestmark = pytest.mark.slow
FIXTURES = (classifier, store)
CALLS = Path(__file__).with_name("stub_calls.py")


@pytest.fixture(scope="module")
def image(tmp_path_factory, photograph) -> Path:
    file = tmp_path_factory.mktemp("image") / "image.jpg"
    file.write_bytes(photograph(1))
    return file


@pytest.fixture(scope="module")
def both(classifier, server, image) -> list[dict]:
    """What a classifier and a segmentation say, in one process: TensorFlow takes seconds to import."""
    return clients.run(
        CALLS, "model", image, *(f"127.0.0.1:{each.grpc_port}" for each in (classifier, server))
    )


@pytest.fixture(scope="module")
def said(both) -> dict:
    return both[0]


@pytest.fixture(scope="module")
def masks(both) -> dict:
    return both[1]


def test_the_signature_is_the_classic_one(said):
    signature = said["metadata"]["signatureDef"]["serving_default"]
    assert signature["methodName"] == "tensorflow/serving/predict"
    assert signature["inputs"]["image"]["dtype"] == "DT_STRING"
    outputs = {name: each["dtype"] for name, each in signature["outputs"].items()}
    assert outputs.items() >= {"classes": "DT_STRING", "prediction": "DT_FLOAT"}.items()
    (version,) = said["status"]["model_version_status"]
    assert (version["state"], version["version"]) == ("AVAILABLE", said["file"]["spec"]["version"])


def test_a_jpeg_is_answered_as_by_seldon(classifier, said, image, store):
    with image.open("rb") as file:
        url = f"{classifier.url}/api/v1.0/predictions"
        other = requests.post(url, files={"binData": file}, timeout=30).json()["jsonData"]
    arrays, shapes = said["file"]["arrays"], said["file"]["shapes"]
    assert (shapes["classes"], shapes["prediction"]) == ([1, 2], [1, 2])
    assert dict(zip(arrays["classes"], arrays["prediction"], strict=True)) == other["probabilities"]
    assert arrays["model_digest"] == [store[1]]
    assert said["scalar"]["arrays"]["prediction"] == arrays["prediction"]


def test_several_files_have_a_row_each(said):
    two = said["two"]
    assert two["shapes"]["prediction"] == [2, 2]
    assert two["arrays"]["prediction"] == said["file"]["arrays"]["prediction"] * 2
    assert len(set(two["arrays"]["prediction_id"])) == 2


def test_only_the_outputs_that_are_filtered_for_come_back(said):
    assert list(said["filtered"]["arrays"]) == ["prediction_id"]


def test_pixels_are_answered_whatever_type_carries_them(said):
    first, *others = (said[kind]["arrays"]["prediction"] for kind in ("uint8", "float", "int"))
    assert others == [first, first]


@pytest.mark.parametrize(
    ("case", "code", "reason"),
    [
        ("no image", "INVALID_ARGUMENT", "not an image"),
        ("no model", "NOT_FOUND", "no model 'other' here"),
        ("no version", "NOT_FOUND", "version '9' is not served"),
        ("no signature", "INVALID_ARGUMENT", "no signature 'classify'"),
        ("no input", "INVALID_ARGUMENT", "the one input is image"),
        ("fractions", "INVALID_ARGUMENT", "multiply by 255"),
        ("classify", "UNIMPLEMENTED", ""),
    ],
)
def test_what_is_wrong_is_refused_with_its_code(said, case, code, reason):
    assert said[case][0] == code
    assert reason in said[case][1]


def test_a_mask_comes_as_numbers_and_as_a_file(masks):
    said = masks["file"]
    mask = decode_mask(said["arrays"]["mask_png_bytes"][0].encode("latin-1"))
    assert said["shapes"]["mask"] == [1, *mask.shape] == [1, 60, 80]
    assert said["arrays"]["mask"] == mask.ravel().tolist()
