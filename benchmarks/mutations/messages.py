"""Requests of every protocol over HTTP, well made and not: their path, type and body."""

import base64
import json
import random
import struct
from typing import Any, NamedTuple

from benchmarks.mutations.images import encoded, image

Draw = random.Random
JSON, FORM = "application/json", "multipart/form-data; boundary=x"
JUNK: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, 1e308, "", "x", "\ud800", "\0", [], {}, [[]], [None],
    {"b64": 1}, "9" * 5000,
    [[[1, 2, 3]]], [[[256, 0, -1]]], [["a" * 50_000, "b"]] * 20, {"": {"": {}}}, float("nan"),
    float("inf"), 2**63,
]  # fmt: skip


class Message(NamedTuple):
    """A request over HTTP without its head."""

    kind: str
    path: str
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def message(draw: Draw) -> Message:
    """One request: a strange file in a sound message, or a strange message."""
    kind, data = image(draw)
    made = draw.choice(_WRITERS)(draw, data)
    if kind == "a good image" or draw.random() < 0.3:
        return (_heavy if draw.random() < 1 / 60 else draw.choice(_MUTATIONS))(draw, made)
    return made._replace(kind=f"file: {kind}")


def good(data: bytes) -> list[Message]:
    """A sound request of each form."""
    draw = random.Random(1)
    return [writer(draw, data) for writer in _WRITERS]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(path: str, value: object, kind: str = "sound") -> Message:
    return Message(kind, path, JSON, json.dumps(value).encode())


def _seldon_json(draw: Draw, data: bytes) -> Message:
    return _json(draw.choice(["/api/v1.0/predictions", "/predict"]), {"binData": _text(data)})


def _seldon_form(_: Draw, data: bytes) -> Message:
    head = b'--x\r\nContent-Disposition: form-data; name="binData"; filename="a.jpg"\r\n\r\n'
    return Message("sound", "/api/v1.0/predictions", FORM, head + data + b"\r\n--x--\r\n")


def _seldon_numbers(draw: Draw, _: bytes) -> Message:
    pixels = [[[draw.randint(0, 255) for _ in range(3)] for _ in range(4)] for _ in range(4)]
    return _json("/api/v1.0/predictions", {"data": {"ndarray": pixels}})


def _seldon_feedback(_: Draw, data: bytes) -> Message:
    said = {
        "response": {"meta": {"tags": {"prediction_id": "no id"}}},
        "truth": {"binData": _text(data)},
        "reward": 1,
    }
    return _json("/api/v1.0/feedback", said)


def _open_json(_: Draw, data: bytes) -> Message:
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [_text(data)]}
    return _json("/v2/models/model/infer", {"id": "1", "inputs": [tensor], "outputs": []})


def _open_binary(draw: Draw, data: bytes) -> Message:
    body = struct.pack("<I", len(data)) + data
    tensor = {
        "name": "image",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"binary_data_size": len(body)},
    }
    asked = {"inputs": [tensor], "parameters": {"binary_data_output": draw.random() < 0.5}}
    head = json.dumps(asked).encode()
    length = (("Inference-Header-Content-Length", str(len(head))),)
    return Message("sound", "/v2/models/model/infer", "application/octet-stream", head + body, length)


def _tensorflow(draw: Draw, data: bytes) -> Message:
    file = {"b64": _text(data)}
    body = draw.choice(
        [{"instances": [file]}, {"instances": [{"image": file}] * 2}, {"inputs": {"image": [file]}}]
    )
    return _json("/v1/models/model:predict", body)


_WRITERS = [
    _seldon_json, _seldon_form, _seldon_numbers, _seldon_feedback, _open_json, _open_binary, _tensorflow,
]  # fmt: skip


def _cut(draw: Draw, made: Message) -> Message:
    return made._replace(kind="message: cut short", body=made.body[: draw.randrange(len(made.body) + 1)])


def _flip(draw: Draw, made: Message) -> Message:
    body = bytearray(made.body)
    for _ in range(draw.randint(1, 8)):
        body[draw.randrange(len(body))] = draw.randrange(256)
    return made._replace(kind="message: bytes changed", body=bytes(body))


def _other_value(draw: Draw, made: Message) -> Message:
    """A value somewhere in the JSON becomes another one; in binary forms, of the head."""
    length = int(dict(made.headers).get("Inference-Header-Content-Length", len(made.body)))
    if made.content_type == FORM:
        return made._replace(kind="message: wrong types", body=made.body.replace(b"binData", b"data"))
    value = json.loads(made.body[:length])
    _replace_one(draw, value)
    head = json.dumps(value).encode()
    headers = tuple((name, str(len(head))) for name, _ in made.headers)
    return made._replace(kind="message: wrong types", body=head + made.body[length:], headers=headers)


def _replace_one(draw: Draw, value: Any) -> None:
    """Change one item of nested objects and lists in place."""
    while True:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        place = draw.choice(places)
        if isinstance(value[place], dict | list) and value[place] and draw.random() < 0.7:
            value = value[place]
            continue
        if draw.random() < 0.2:
            del value[place]
        else:
            value[place] = draw.choice(JUNK)
        return


def _nested(draw: Draw, made: Message) -> Message:
    depth = draw.choice([50, 900, 5_000, 100_000])
    before, inside, after = draw.choice(
        [(b"[", b"", b"]"), (b'{"a":', b"1", b"}"), (b'{"inputs":[', b"", b"]}")]
    )
    body = before * depth + inside + after * depth
    if draw.random() < 0.5:
        key = draw.choice([b"instances", b"inputs", b"binData", b"data", b"parameters", b"meta", b"truth"])
        body = b'{"%s":%s}' % (key, body)
    return made._replace(kind="message: deep JSON", content_type=JSON, body=body, headers=())


def _junk(draw: Draw, made: Message) -> Message:
    body = draw.choice(
        [b"", b"null", b"1", b"[]", b'""', b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", draw.randbytes(200)]
    )
    return made._replace(kind="message: no JSON", content_type=JSON, body=body, headers=())


def _other_type(draw: Draw, made: Message) -> Message:
    types = ["", "text/plain", "application/x-www-form-urlencoded", "image/jpeg", FORM, JSON,
    "multipart/form-data",
             "application/json; charset=utf-16", "multipart/form-data; boundary=" + "x" * 300,
             "a" * 2000]  # fmt: skip
    return made._replace(kind="message: wrong Content-Type", content_type=draw.choice(types))


def _other_tensor(draw: Draw, made: Message) -> Message:
    shape = draw.choice(
        [[1], [], [0], [-1], [2, 2, 3], [10**9, 10**9, 3], [1] * 70, ["1"], [1.5], [True], [2**63]]
    )
    kind = draw.choice(["BYTES", "UINT8", "FP32", "FP16", "BF16", "INT64", "BOOL", "", "x"])
    data = draw.randbytes(draw.choice([0, 3, 12, 13, 4000]))
    tensor = {
        "name": "image",
        "datatype": kind,
        "shape": shape,
        "parameters": {"binary_data_size": len(data)},
    }
    head = json.dumps({"inputs": [tensor]}).encode()
    said = draw.choice([len(head), len(head), 0, -1, 10**12, "x", len(head) + 1])
    headers = (("Inference-Header-Content-Length", str(said)),)
    return made._replace(
        kind="message: strange tensors", path="/v2/models/model/infer", body=head + data, headers=headers
    )


def _other_place(draw: Draw, made: Message) -> Message:
    paths = ["/", "/v2/models/%00/infer", "/v1/models/model:classify", "/v2/models/other/infer", "//",
    "/api/v1.0/../x",
             "/v1/models/model/versions/99:predict", "/%ff", "/v2/models/" + "m" * 3000 + "/infer",
             "/metrics", "*"]  # fmt: skip
    return made._replace(kind="message: another path", path=draw.choice(paths))


def _url(draw: Draw, _: Message) -> Message:
    urls = [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/",
        "file:///etc/passwd",
        "http://[::1]/",
        "http://" + "a" * 3000,
    ]
    return _json("/api/v1.0/predictions", {"strData": draw.choice(urls)}, "message: a URL")


def _many(draw: Draw, _: Message) -> Message:
    file = {"b64": _text(encoded())}
    return _json(
        "/v1/models/model:predict", {"instances": [file] * draw.choice([16, 17, 500])}, "message: many images"
    )


def _heavy(draw: Draw, _: Message) -> Message:
    """Very many values, each of which costs more than its bytes."""
    size = draw.choices([2 * 10**5, 2 * 10**6, 19 * 2**20], [10, 10, 1])[0]
    path, before, value, after = draw.choice(
        [
            ("/api/v1.0/feedback", b'{"truth":{"data":{"ndarray":[', b"1,", b"1]}}}"),
            ("/api/v1.0/predictions", b'{"data":{"ndarray":[', b"1,", b"1]}}"),
            ("/api/v1.0/predictions", b'{"data":{"ndarray":[', b'"",', b"1]}}"),
            ("/v2/models/model/infer", _TENSOR + b'"data":[', b'"",', b'""]}]}'),
            ("/v2/models/model/infer", _TENSOR + b'"data":[]}],"outputs":[', b'{"name":"x"},', b"{}]}"),
            ("/v1/models/model:predict", b'{"instances":[', b'{"b64":""},', b"{}]}"),
            ("/v1/models/model:predict", b'{"instances":[', b"[],", b"[]]}"),
        ]
    )
    return Message("message: very many values", path, JSON, before + value * (size // len(value)) + after)


_TENSOR = b'{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],'
_MUTATIONS = [
    _cut, _flip, _other_value, _other_value, _other_value, _nested, _junk, _other_type, _other_tensor,
    _other_place, _url,
    _many,
]  # fmt: skip
