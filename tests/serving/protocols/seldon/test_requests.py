"""Requests to the real server: every form of image it takes, and every mistake it answers with a 4xx."""

import base64
import gzip
import http.client
import io
import json
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import requests
from PIL import Image

from pylib.data.images import decode_image, decode_mask, resize_image, resize_mask
from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment

pytestmark = pytest.mark.slow
PREDICT = "/api/v1.0/predictions"
CLASSES, SIZE = ["object", "background", "border"], 64  # of the model that is served here
Photograph = Callable[..., bytes]
SHAPES = [(60, 80), (64, 64), (1, 1), (31, 200), (300, 17)]


@pytest.fixture(scope="module")
def session(model: bytes) -> onnxruntime.InferenceSession:
    """The same model in this process."""
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def expected_mask(session: onnxruntime.InferenceSession, pixels: np.ndarray) -> np.ndarray:
    (probabilities,) = session.run(None, {"image": resize_image(pixels, SIZE)[np.newaxis]})
    return resize_mask(probabilities[0].argmax(-1).astype(np.uint8), pixels.shape[:2])


def ask(server: local.Server, payload: Any, path: str = PREDICT) -> dict[str, Any]:
    response = requests.post(server.url + path, json=payload, timeout=10)
    assert response.status_code == 200, response.text
    return response.json()


def mask_of(answer: dict[str, Any]) -> np.ndarray:
    return decode_mask(base64.b64decode(answer["jsonData"]["mask_png"]))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("seed", range(20))
def test_answer_equals_the_model_in_this_process(
    server: local.Server, session: onnxruntime.InferenceSession, photograph: Photograph, seed: int
) -> None:
    height, width = SHAPES[seed % len(SHAPES)]
    image = photograph(seed, height, width, "PNG" if seed % 3 == 0 else "JPEG")
    answer = ask(server, {"binData": b64(image)})
    expected = expected_mask(session, decode_image(image))
    np.testing.assert_array_equal(mask_of(answer), expected)
    data = answer["jsonData"]
    assert (data["height"], data["width"]) == (height, width)
    assert data["class_shares"] == {name: np.mean(expected == i) for i, name in enumerate(CLASSES)}


def test_every_form_of_one_image_gives_one_answer(server: local.Server, photograph: Photograph) -> None:
    image = photograph(3, form="PNG")
    pixels = decode_image(image)
    height, width, _ = pixels.shape
    reference = mask_of(ask(server, {"binData": b64(image)}))
    forms: dict[str, Any] = {
        "wrapped base64": {"binData": base64.encodebytes(image).decode()},
        "uint8 ndarray": {"data": {"ndarray": pixels.tolist()}},
        "float ndarray of one image": {"data": {"names": [], "ndarray": [pixels.astype(float).tolist()]}},
        "tensor": {"data": {"tensor": {"shape": [height, width, 3], "values": pixels.ravel().tolist()}}},
        "float tensor": {
            "data": {
                "tensor": {
                    "shape": [1, height, width, 3],
                    "values": (pixels + 0.25).clip(0, 255).ravel().tolist(),
                }
            }
        },
    }
    for name, payload in forms.items():
        np.testing.assert_array_equal(mask_of(ask(server, payload)), reference, err_msg=name)
    multipart = requests.post(server.url + PREDICT, files={"binData": image}, timeout=10).json()
    np.testing.assert_array_equal(mask_of(multipart), reference)
    form = requests.post(server.url + PREDICT, data={"json": json.dumps({"binData": b64(image)})}, timeout=10)
    np.testing.assert_array_equal(mask_of(form.json()), reference)
    for path in ("/api/v0.1/predictions", "/predict"):
        np.testing.assert_array_equal(mask_of(ask(server, {"binData": b64(image)}, path)), reference)


def test_a_black_image_of_whole_numbers_is_an_image(server: local.Server) -> None:
    assert mask_of(ask(server, {"data": {"ndarray": np.zeros((4, 5, 3)).tolist()}})).shape == (4, 5)


def test_a_turned_photograph_is_answered_upright(server: local.Server, photograph: Photograph) -> None:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.open(io.BytesIO(photograph(5, 40, 70))).save(buffer, format="JPEG", exif=exif)
    assert mask_of(ask(server, {"binData": b64(buffer.getvalue())})).shape == (70, 40)


def test_tags_trace_the_answer(
    server: local.Server, identity: dict[str, str], predictions: Path, photograph: Photograph
) -> None:
    answers = [ask(server, {"binData": b64(photograph(seed))}) for seed in range(2)]
    tags = [answer["meta"]["tags"] for answer in answers]
    ids = [entry.pop("prediction_id") for entry in tags]
    assert tags == [{**identity, "task": "segmentation"}] * 2
    assert ids[0] != ids[1]
    records = {r["prediction_id"]: r for r in map(json.loads, predictions.read_text().splitlines())}
    for prediction_id, answer in zip(ids, answers, strict=True):
        sent = answer["jsonData"]
        kept = {name: sent[name] for name in ("class_shares", "mean_confidence")}
        assert records[prediction_id]["answer"] == kept
        assert records[prediction_id]["model_digest"] == identity["model_digest"]


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((80, 60), 90).convert("RGB").save(buffer, format="JPEG")
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG of a few hundred bytes whose header promises 100,000 x 100,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 9))
        + chunk(b"IEND", b"")
    )


JPEG = jpeg()
PIECE = json.dumps({"binData": b64(JPEG)}).encode()
NESTED = "[" * 100_000
BAD_JSON: dict[str, tuple[Any, str]] = {
    "not an image": ({"binData": b64(b"hello world, this is text")}, "not an image"),
    "a truncated JPEG": ({"binData": b64(JPEG[: len(JPEG) // 2])}, "truncated"),
    "a decompression bomb": ({"binData": b64(bomb())}, "limit"),
    "no bytes": ({"binData": ""}, "empty"),
    "base64 garbage": ({"binData": "!!!not base64!!!"}, "not base64"),
    "binData is a number": ({"binData": 7}, "not a string"),
    "binData is null": ({"binData": None}, "not a string"),
    "an empty object": ({}, "no image"),
    "both forms": ({"binData": b64(JPEG), "data": {"ndarray": [[[1, 2, 3]]]}}, "binData and data"),
    "a string": ({"strData": "cat"}, "strData cannot carry an image"),
    "jsonData": ({"jsonData": {"a": 1}}, "jsonData cannot carry an image"),
    "an array as the body": ([1, 2, 3], "not a JSON object"),
    "data without pixels": ({"data": {"names": []}}, "ndarray or tensor"),
    "data is a string": ({"data": "x"}, "ndarray or tensor"),
    "a TensorFlow tensor": ({"data": {"tftensor": {}}}, "ndarray or tensor"),
    "NaN": ({"data": {"ndarray": [[[1.0, float("nan"), 3.0]]]}}, "0…255"),
    "infinity": ({"data": {"ndarray": [[[1.0, float("inf"), 3.0]]]}}, "0…255"),
    "negative pixels": ({"data": {"ndarray": [[[1, -2, 3]]]}}, "found -2…3"),
    "pixels above 255": ({"data": {"ndarray": [[[1, 256, 3]]]}}, "found 1…256"),
    "huge integers": ({"data": {"ndarray": [[[1, 10**30, 3]]]}}, "must lie in 0…255"),
    "fractions in [0, 1]": ({"data": {"ndarray": [[[0.1, 0.5, 1.0]]]}}, "multiply by 255"),
    "text pixels": ({"data": {"ndarray": [[["a", "b", "c"]]]}}, "numbers"),
    "null pixels": ({"data": {"ndarray": [[[None, 1, 2]]]}}, "numbers"),
    "boolean pixels": ({"data": {"ndarray": [[[True, False, True]]]}}, "numbers"),
    "ragged rows": ({"data": {"ndarray": [[[1, 2, 3]], [[1, 2, 3], [4, 5, 6]]]}}, "ragged"),
    "one channel": ({"data": {"ndarray": [[[1], [2]], [[3], [4]]]}}, "shape [2, 2, 1]"),
    "four channels": ({"data": {"ndarray": [[[1, 2, 3, 4]]]}}, "shape [1, 1, 4]"),
    "a batch of two": ({"data": {"ndarray": [[[[1, 2, 3]]], [[[1, 2, 3]]]]}}, "shape [2, 1, 1, 3]"),
    "zero rows": ({"data": {"ndarray": []}}, "shape [0]"),
    "zero columns": ({"data": {"ndarray": [[], []]}}, "shape [2, 0]"),
    "zero-sized tensor": ({"data": {"tensor": {"shape": [0, 2, 3], "values": []}}}, "at least 1"),
    "a negative shape": ({"data": {"tensor": {"shape": [-1, 1, 3], "values": [1, 2, 3]}}}, "at least 1"),
    "a tensor not filled": ({"data": {"tensor": {"shape": [9, 9, 3], "values": [1, 2]}}}, "does not fill"),
    "a shape of words": ({"data": {"tensor": {"shape": ["a"], "values": [1]}}}, "does not fill"),
    "a tensor without shape": ({"data": {"tensor": {"values": [1, 2, 3]}}}, "shape and values"),
    "a data URL": ({"binData": "data:image/png;base64," + b64(JPEG)}, "follows its comma"),
    "the base64 of URLs": ({"binData": "_-_-"}, "not base64"),
    "another server's form": ({"instances": [[1]]}, "no image but 'instances': send"),
    "meta is a list": ({"meta": [1], "binData": b64(JPEG)}, "meta is not an object"),
    "tags are text": ({"meta": {"tags": "a"}, "binData": b64(JPEG)}, "meta.tags is not an object"),
    "tags that are no JSON": (
        {"meta": {"tags": {"a": [float("nan")]}}, "binData": b64(JPEG)},
        "meta holds NaN or Infinity",
    ),
    "a huge shape": ({"data": {"tensor": {"shape": [10**9, 10**9, 3], "values": [1]}}}, "does not fill"),
}


@pytest.mark.parametrize(("payload", "reason"), BAD_JSON.values(), ids=BAD_JSON.keys())
def test_bad_payloads_get_400_and_a_sentence(server: local.Server, payload: Any, reason: str) -> None:
    body = json.dumps(payload)
    headers = {"Content-Type": "application/json"}
    response = requests.post(server.url + PREDICT, data=body, headers=headers, timeout=10)
    assert_refused(response, 400, reason)


PARTS = {"Content-Type": "multipart/form-data; boundary=x"}
JSON = {"Content-Type": "application/json"}
BAD_HTTP: dict[str, tuple[str, str, dict[str, str], bytes, int, str]] = {
    "GET": ("GET", PREDICT, {}, b"", 405, "GET is not allowed here: use POST"),
    "GET with a query": ("GET", "/predict?json=%7B%7D", {}, b"", 405, "use POST"),
    "POST to the health check": ("POST", "/health/status", {}, b"{}", 405, "not allowed"),
    "DELETE": ("DELETE", PREDICT, {}, b"", 405, "DELETE is not allowed"),
    "an unknown path": ("POST", "/api/v9/predictions", {}, b"{}", 404, "nothing at this path"),
    "the root": ("GET", "/", {}, b"", 404, "nothing at this path"),
    "a path traversal": ("GET", "/../../etc/passwd", {}, b"", 404, "nothing at this path"),
    "Seldon's other services": ("POST", "/aggregate", {}, b"[]", 404, "nothing at this path"),
    "text as content type": (
        "POST", PREDICT, {"Content-Type": "text/plain"}, b"hello", 400,
        "Content-Type text/plain is not read as JSON",
    ),
    "an image as the body": (
        "POST", PREDICT, {"Content-Type": "image/jpeg"}, JPEG, 400, "curl --form binData=@",
    ),
    "no content type": ("POST", PREDICT, {}, PIECE, 400, "no Content-Type"),
    "curl's own content type": (
        "POST", PREDICT, {"Content-Type": "application/x-www-form-urlencoded"}, PIECE, 400,
        "what curl says by itself",
    ),
    "a compressed body": (
        "POST", PREDICT, {**JSON, "Content-Encoding": "gzip"}, gzip.compress(PIECE), 415,
        "Content-Encoding gzip is not read here",
    ),
    "no JSON": ("POST", PREDICT, JSON, b"{", 400, "not a JSON object"),
    "an empty body": ("POST", PREDICT, JSON, b"", 400, "the body is empty"),
    "bytes that are no text": ("POST", PREDICT, JSON, b"\xff\xfe\x00", 400, "JSON"),
    "JSON nested too deep": (
        "POST", PREDICT, JSON, NESTED.encode(), 400, "JSON",
    ),
    "a form that is no JSON": (
        "POST", PREDICT, {"Content-Type": "application/x-www-form-urlencoded"}, b"json=%7B", 400, "JSON",
    ),
    "a multipart field that is no JSON": (
        "POST", PREDICT, PARTS,
        b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n{\r\n--x--\r\n',
        400, "the form's part 'data' is not JSON text",
    ),
    "a multipart file that is no text": (
        "POST", PREDICT, PARTS,
        b'--x\r\nContent-Disposition: form-data; name="strData"; filename="a"\r\n\r\n\xff\r\n--x--\r\n',
        400, "JSON",
    ),
    "a file under another name": (
        "POST", PREDICT, PARTS,
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\xff\xfe\r\n--x--',
        400, "part 'image' is not known: name the image binData, as in `curl --form binData=@image.jpg`",
    ),
    "an image as a field": (
        "POST", PREDICT, PARTS,
        b'--x\r\nContent-Disposition: form-data; name="binData"\r\n\r\n/9j/\r\n--x--\r\n',
        400, "binData is text in this form",
    ),
    "two images": (
        "POST", PREDICT, PARTS,
        2 * b'--x\r\nContent-Disposition: form-data; name="binData"; filename="a"\r\n\r\na\r\n' + b"--x--",
        400, "2 files binData",
    ),
    "a multipart body without parts": ("POST", PREDICT, PARTS, b"--x--\r\n", 400, "no image"),
    "multipart without a boundary": (
        "POST", PREDICT, {"Content-Type": "multipart/form-data"}, b"abc", 400, "no image",
    ),
    "feedback that is no feedback": (
        "POST", "/api/v1.0/feedback", JSON, b'{"reward": "high"}', 400, "JSON",
    ),
    "feedback that is a list": (
        "POST", "/api/v1.0/feedback", JSON, b"[]", 400, "not a JSON object",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "reason"), BAD_HTTP.values(), ids=BAD_HTTP.keys()
)
def test_bad_http_gets_4xx_and_a_sentence(
    server: local.Server,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
    reason: str,
) -> None:
    response = requests.request(method, server.url + path, headers=headers, data=body, timeout=10)
    assert_refused(response, status, reason)


def test_a_body_that_is_too_large_gets_413(server: local.Server) -> None:
    body = b'{"binData": "' + b"A" * (21 * 2**20) + b'"}'
    response = requests.post(
        server.url + PREDICT, data=body, headers={"Content-Type": "application/json"}, timeout=10
    )
    assert_refused(response, 413, "larger than 20 MiB")


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def raw(server: local.Server, head: str, body: bytes) -> tuple[int, bytes]:
    """Send bytes as they are, which no client library would; the last status and the body of the answer."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


CHUNKED = f"POST {PREDICT} HTTP/1.1\nHost: x\nContent-Type: application/json\nTransfer-Encoding: chunked"


@pytest.mark.parametrize("size", [1, 7, 4096, 10**6])
def test_a_body_in_chunks_is_answered(server: local.Server, size: int) -> None:
    pieces = [PIECE[at : at + size] for at in range(0, len(PIECE), size)]
    status, answer = raw(server, CHUNKED, chunks(*pieces))
    assert status == 200, answer
    assert json.loads(answer)["jsonData"] == ask(server, {"binData": b64(JPEG)})["jsonData"]


def test_a_form_in_chunks_is_answered(server: local.Server) -> None:
    form = requests.Request("POST", "http://x", files={"binData": JPEG}).prepare()
    head = CHUNKED.replace("application/json", form.headers["Content-Type"])
    assert isinstance(form.body, bytes)
    assert raw(server, head, chunks(form.body[:50], form.body[50:]))[0] == 200


def test_chunks_that_are_too_many_get_413_however_few_the_first_ones_say(server: local.Server) -> None:
    piece = b"A" * 2**20
    response = requests.post(
        server.url + PREDICT, data=iter([b'{"binData": "', *[piece] * 21, b'"}']), headers=JSON, timeout=30
    )
    assert_refused(response, 413, "larger than 20 MiB")


@pytest.mark.parametrize(
    ("head", "body", "status", "reason"),
    [
        (CHUNKED, b"nonsense\r\n{}\r\n0\r\n\r\n", 400, "chunks"),
        (CHUNKED, b"0\r\n\r\n", 400, "the body is empty"),
        (CHUNKED.replace("chunked", "gzip"), b"", 400, "Transfer-Encoding gzip"),
        (f"POST {PREDICT} HTTP/1.1\nHost: x", b"", 411, "no Content-Length"),
        (f"POST {PREDICT} HTTP/1.0\nContent-Type: application/json", b"", 411, "no Content-Length"),
    ],
)
def test_a_body_that_cannot_be_read_gets_a_sentence(
    server: local.Server, head: str, body: bytes, status: int, reason: str
) -> None:
    found, answer = raw(server, head, body)
    assert found == status, answer
    assert reason in json.loads(answer)["status"]["info"]


def test_http_1_0_and_expect_continue_are_answered(server: local.Server) -> None:
    old = f"POST {PREDICT} HTTP/1.0\nContent-Type: application/json\nContent-Length: {len(PIECE)}"
    assert raw(server, old, PIECE)[0] == 200
    new = old.replace("HTTP/1.0", "HTTP/1.1") + "\nHost: x\nExpect: 100-continue"
    assert raw(server, new, PIECE)[0] == 200  # http.client reads over the 100


def test_what_was_refused_does_not_spoil_the_connection(server: local.Server) -> None:
    with requests.Session() as session:
        for body in (b"A" * 10**6, PIECE, b"A" * (21 * 2**20), PIECE):
            answer = session.post(server.url + PREDICT, data=body, headers=JSON, timeout=30)
            assert answer.ok == (body is PIECE), answer.text
        assert session.post(server.url + "/nowhere", data=b"A" * (4 * 2**20), timeout=30).status_code == 404


def test_a_wrong_method_names_the_right_one(server: local.Server) -> None:
    for method in ("GET", "HEAD", "PUT"):
        answer = requests.request(method, server.url + PREDICT, timeout=10)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
        assert (answer.text == "") == (method == "HEAD")


def test_puid_tags_and_path_come_back_as_seldon_gives_them(
    server: local.Server, identity: dict[str, str], deployment: SeldonDeployment
) -> None:
    sent = {
        "puid": "my-id-1",
        "tags": {"customerId": "c1", "nested": {"a": [1, None]}, "model_digest": "of somebody else"},
        "requestPath": {"before": "other:1"},
        "routing": {"router": 1},
        "metrics": [{"key": "mine", "type": "COUNTER", "value": 7}],
    }
    meta = ask(server, {"meta": sent, "binData": b64(JPEG)})["meta"]
    assert meta["puid"] == "my-id-1"
    assert meta["tags"].items() >= {**identity, "customerId": "c1", "nested": {"a": [1, None]}}.items()
    assert meta["requestPath"] == {"before": "other:1", "model": deployment.container.image}
    assert set(meta) == {"puid", "tags", "requestPath"}
    assert "mine" not in metrics(server)
    form = {"binData": ("image.jpg", JPEG), "meta": (None, json.dumps(sent))}
    assert requests.post(server.url + PREDICT, files=form, timeout=10).json()["meta"]["puid"] == "my-id-1"
    assert "puid" not in ask(server, {"meta": None, "binData": b64(JPEG)})["meta"]


def assert_refused(response: requests.Response, status: int, reason: str) -> None:
    assert response.status_code == status, response.text
    sentence = response.json()["status"]["info"]
    assert reason in sentence
    assert "Traceback" not in response.text
    assert "\n" not in sentence


def test_feedback_is_acknowledged_and_counted(server: local.Server) -> None:
    feedback = {"reward": 1.0, "response": {"meta": {"puid": "a"}}}
    response = requests.post(server.url + "/api/v1.0/feedback", json=feedback, timeout=10)
    assert response.status_code == 200, response.text
    assert response.json()["jsonData"] == {
        "prediction_id": "", "truth": None, "reward": 1.0, "kept_in": None,
    }  # fmt: skip
    assert "seldon_api_model_feedback_total" in metrics(server)


def test_metrics_count_answers(server: local.Server) -> None:
    ask(server, {"binData": b64(JPEG)})
    text = metrics(server)
    for name in ("model_predictions_total", "model_prediction_seconds_bucket", "model_confidence_total"):
        assert f"\n{name}{{" in text
    assert '\nmodel_class_share_total{class="' in text


def metrics(server: local.Server) -> str:
    return requests.get(f"http://127.0.0.1:{server.metrics_port}/prometheus", timeout=10).text


def test_health_and_metadata_name_the_model(server: local.Server, digest: str) -> None:
    assert requests.get(server.url + "/health/ping", timeout=10).text == "pong"
    status = requests.get(server.url + "/health/status", timeout=10)
    assert status.status_code == 200
    assert status.json()["jsonData"]["model_digest"] == digest
    about = requests.get(server.url + "/metadata", timeout=10).json()
    assert (about["name"], about["versions"]) == ("segmentation", [digest])
