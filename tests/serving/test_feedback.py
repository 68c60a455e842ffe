"""Feedback on a real server: what is kept and confirmed, what is refused, and what is counted."""

import base64
import hashlib
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import requests
from onnx import TensorProto, helper

from pylib.data.images import decode_image
from pylib.errors import RequestError
from pylib.serving import local
from pylib.serving.engine import Engine, Identity
from pylib.serving.feedback import Feedback, check
from pylib.store.artifacts import ArtifactStore
from pylib.store.inbox import Inbox, Submission

PATH = "/api/v1.0/feedback"
CLASSES = ["red", "green"]
ID = str(uuid.UUID(int=7))
HUGE = 10**400  # more than any number of a message holds


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A store with a classifier, and its digest: a class is as likely as its colour is bright."""
    images = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", "H", "W", 3])
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2])
    weights = onnx.numpy_helper.from_array(np.eye(3, 2, dtype=np.float32), "weights")
    axes = onnx.numpy_helper.from_array(np.array([1, 2]), "axes")
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(nodes, "colours", [images], [out], [weights, axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    told = {"classes": json.dumps(CLASSES), "image_size": "32", "format": "2", "task": "classification"}
    helper.set_model_props(model, told)
    onnx.checker.check_model(model)
    folder = tmp_path_factory.mktemp("classifier")
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    url = tmp_path_factory.mktemp("classifiers").as_uri()
    ArtifactStore(url).put_model(folder, digest)
    return url, digest


@pytest.fixture(scope="module")
def classifier(tmp_path_factory, release, store) -> Iterator[local.Server]:
    folder = tmp_path_factory.mktemp("served")
    deployment = release(tmp_path_factory.mktemp("git"), store[1])
    log = folder / "logs/predictions.jsonl"
    inbox = (folder / "inbox").as_uri()
    yield local.start(
        deployment, artifacts=store[0], folder=folder, port=0, workers=1, predictions=log, inbox=inbox
    )
    local.stop(folder)


def inbox(server: local.Server) -> Inbox:
    return Inbox((Path(server.log).parent / "inbox").as_uri())


def kept(server: local.Server) -> list[Submission]:
    return list(inbox(server).submissions())


def rewarded(server: local.Server) -> float:
    """The reward that Seldon has counted."""
    text = requests.get(f"http://127.0.0.1:{server.metrics_port}/prometheus", timeout=10).text
    lines = [line for line in text.splitlines() if line.startswith("seldon_api_model_feedback_reward_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def send(server: local.Server, body: dict) -> requests.Response:
    return requests.post(server.url + PATH, json=body, timeout=10)


def about(identifier: str = ID, **rest: object) -> dict:
    return {"response": {"meta": {"tags": {"prediction_id": identifier}}}, **rest}


@pytest.mark.slow
@pytest.mark.parametrize(
    "truth",
    [
        {"strData": "red"},
        {"jsonData": "red"},
        {"jsonData": {"label": "red"}},
        {"data": {"ndarray": ["red"]}},
        {"data": {"ndarray": [["red"]]}},
    ],
)
def test_what_is_kept_is_confirmed_and_is_in_the_log(classifier, store, truth):
    before, counted = len(kept(classifier)), rewarded(classifier)
    answer = send(classifier, about(truth=truth, reward=0.5))
    assert answer.status_code == 200, answer.text
    told = answer.json()["jsonData"]
    assert told == {"prediction_id": ID, "truth": {"label": "red"}, "reward": 0.5, "kept_in": "inbox"}
    assert answer.json()["meta"]["tags"]["model_digest"] == store[1]
    (found,) = kept(classifier)[before:]
    assert found["time"].endswith("+00:00")
    assert found == {
        "id": found["id"],
        "time": found["time"],
        "kind": "feedback",
        "by": "",
        "source": "feedback",
        "task": "classification",
        "prediction_id": ID,
        "model_digest": store[1],
        "image_sha256": "",
        "answered": None,
        "truth": {"label": "red"},
        "reward": 0.5,
        "note": "",
    }
    assert rewarded(classifier) == counted + 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            about(truth={"strData": "bird"}),
            "the truth 'bird' is no class of this model, which knows red, green",
        ),
        (about(truth={"jsonData": {"label": 1}}), "the truth is no class name"),
        (about(truth={"data": {"ndarray": [[0, 1]]}}), "the truth is no class name"),
        (about(truth={"binData": "/9j/"}), "the truth is no class name"),
        (about("nonsense"), "prediction_id 'nonsense' is no id that a model server gives: send back"),
        (about(ID[:-1]), "is no id that a model server gives"),
        ({"truth": {"strData": "red"}}, "the truth says not of which answer it is: send back"),
        (about(truth={"strData": "red"}, reward="NaN"), "the reward is nan: send a finite number"),
        (about(reward="-Infinity"), "the reward is -inf: send a finite number"),
        (about(reward="1e39"), "the reward is inf: send a finite number"),
        (about(reward=HUGE), "the feedback holds what its fields cannot: int too large"),
        (about(truth={"jsonData": HUGE}), "int too large"),
        (about(truth={"data": {"tensor": {"shape": [1], "values": [HUGE]}}}), "int too large"),
        ({"response": {"meta": {"metrics": [{"value": HUGE}]}}}, "int too large"),
        ({"response": {"customData": {"@type": 5}}}, "the feedback holds what its fields cannot"),
    ],
)
def test_what_is_refused_is_said_neither_kept_nor_counted(classifier, body, reason):
    before, counted = len(kept(classifier)), rewarded(classifier)
    answer = send(classifier, {"reward": 1.0} | body)
    assert answer.status_code == 400, answer.text
    assert reason in answer.json()["status"]["info"]
    assert (len(kept(classifier)), rewarded(classifier)) == (before, counted)


@pytest.mark.slow
def test_an_id_of_another_replica_and_a_puid_of_the_client_are_taken(classifier):
    assert send(classifier, about(str(uuid.uuid4()), truth={"strData": "green"})).status_code == 200
    body = {"response": {"meta": {"puid": "mine"}}, "truth": {"strData": "green"}}
    assert send(classifier, body).status_code == 200
    assert kept(classifier)[-1]["note"] == "puid mine"


@pytest.mark.slow
def test_an_answer_sent_back_whole_is_feedback_on_it(classifier, photograph):
    asked = requests.post(
        f"{classifier.url}/api/v1.0/predictions", files={"binData": photograph(1)}, timeout=10
    ).json()
    answer = send(classifier, {"response": asked, "truth": {"strData": "green"}, "reward": 1})
    assert answer.json()["jsonData"]["prediction_id"] == asked["meta"]["tags"]["prediction_id"]


GRPC = """
import sys, grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from seldon_core.proto.prediction_pb2 import Feedback
from seldon_core.proto.prediction_pb2_grpc import SeldonStub
import json
with grpc.insecure_channel(sys.argv[1]) as channel:
    grpc.channel_ready_future(channel).result(timeout=20)
    send = SeldonStub(channel).SendFeedback
    ask = lambda body: MessageToDict(send(ParseDict(body, Feedback()), timeout=20))
    print(json.dumps([ask(body) for body in json.loads(sys.argv[2])]))
"""


@pytest.mark.slow
def test_grpc_says_the_same(classifier):
    counted = rewarded(classifier)
    bodies = [
        about(truth={"strData": "red"}, reward=1.0),
        about(truth={"strData": "bird"}, reward=1.0),
        about(truth={"strData": "red"}, reward="NaN"),
    ]
    target = f"127.0.0.1:{classifier.grpc_port}"
    command = [str(local.serving_python()), "-c", GRPC, target, json.dumps(bodies)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    taken, refused, no_number = json.loads(done.stdout)
    assert taken["jsonData"]["truth"] == {"label": "red"}
    assert (refused["status"]["code"], refused["status"]["status"]) == (400, "FAILURE")
    assert "which knows red, green" in refused["status"]["info"]
    assert (no_number["status"]["code"], no_number["status"]["status"]) == (400, "FAILURE")
    assert "the reward is nan" in no_number["status"]["info"]
    assert rewarded(classifier) == counted + 1


def test_without_an_inbox_nothing_is_kept_and_the_answer_says_so(store):
    engine = Engine(Identity(store[1], "", ""), artifacts=store[0], log=None)
    engine.load()
    told = engine.keep(Feedback(ID, "", "green", None))
    assert (told["truth"], told["reward"], told["kept_in"]) == ({"label": "green"}, None, None)


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "reward"), [({}, None), ({"reward": 0}, 0.0), ({"reward": 1}, 1.0)])
def test_a_reward_that_was_not_sent_is_none(classifier, sent, reward):
    assert send(classifier, about(truth={"strData": "red"}, **sent)).json()["jsonData"]["reward"] == reward
    assert kept(classifier)[-1]["reward"] == reward


@pytest.mark.slow
def test_the_image_that_is_sent_back_is_kept_as_it_was(classifier, photograph):
    image = photograph(5)
    request = {"binData": base64.b64encode(image).decode()}
    assert send(classifier, about(truth={"strData": "red"}, request=request)).status_code == 200
    found = kept(classifier)[-1]
    assert found["image_sha256"] == hashlib.sha256(image).hexdigest()
    assert inbox(classifier).image(found["image_sha256"]) == image


@pytest.mark.slow
def test_pixels_that_are_sent_back_are_kept_as_a_file(classifier):
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    request = {"data": {"ndarray": pixels.tolist()}}
    assert send(classifier, about(truth={"strData": "red"}, request=request)).status_code == 200
    image = inbox(classifier).image(kept(classifier)[-1]["image_sha256"])
    assert decode_image(image).tolist() == pixels.tolist()


@pytest.mark.slow
def test_an_image_that_is_none_is_refused(classifier):
    before = len(kept(classifier))
    request = {"binData": base64.b64encode(b"no image").decode()}
    answer = send(classifier, about(truth={"strData": "red"}, request=request))
    assert (answer.status_code, len(kept(classifier))) == (400, before)


@pytest.mark.slow
def test_an_inbox_that_refuses_is_a_503_and_no_acknowledgement(classifier):
    folder = Path(inbox(classifier).url.removeprefix("file://")) / "without-image"
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):  # root writes anywhere: a file in the folder's place stops it too
            folder.rename(folder.with_name("aside"))
            folder.write_bytes(b"")
        counted = rewarded(classifier)
        answer = send(classifier, about(truth={"strData": "red"}, reward=1))
        assert answer.status_code == 503
        assert "could not be kept: send it again" in answer.json()["status"]["info"]
        assert rewarded(classifier) == counted
    finally:
        if folder.is_file():
            folder.unlink()
            folder.with_name("aside").rename(folder)
        folder.chmod(0o700)
    assert send(classifier, about(truth={"strData": "red"}, reward=1)).status_code == 200


def test_a_reward_alone_needs_no_id():
    check(Feedback("", "", None, 1.0))
    with pytest.raises(RequestError, match="of which answer"):
        check(Feedback("", "", "green", 1.0))
