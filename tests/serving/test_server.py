"""The life of a local server: it binds loopback, refuses what is wrong in a line, leaves nothing behind."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from pylib.errors import ServingError
from pylib.serving import local
from pylib.serving.client import Client
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.repository import manifest

pytestmark = pytest.mark.slow
Photograph = Callable[..., bytes]
Release = Callable[[Path, str], SeldonDeployment]
LISTEN = "0A"


def listeners(group: int) -> dict[int, str]:
    """Port to address, in the kernel's hexadecimal, of each socket that a process group listens on."""
    inodes = set()
    for pid in group_members(group):
        with contextlib.suppress(OSError):  # a process may end meanwhile
            for fd in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.add(str(fd.readlink()))
    found = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and f"socket:[{fields[9]}]" in inodes:
                address, port = fields[1].split(":")
                found[int(port, 16)] = address
    return found


def group_members(group: int) -> list[int]:
    """The processes of a group that are alive: a zombie, which waits for its parent, is not."""
    members = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, _, process_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(process_group) == group and state != "Z":
                members.append(int(entry.name))
    return members


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_it_listens_on_loopback_only(server: local.Server) -> None:
    http = int(server.url.rpartition(":")[2])
    wait_until(lambda: len(listeners(server.pid)) == 3)
    addresses = listeners(server.pid)
    assert set(addresses) == {http, server.grpc_port, server.metrics_port}
    assert set(addresses.values()) <= {
        "0100007F",
        "0000000000000000FFFF00000100007F",
    }  # 127.0.0.1, also as IPv6


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "stop"])
def test_it_ends_with_all_its_processes(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str, how: signal.Signals | str
) -> None:
    server = local.start(deployment, artifacts=artifacts, folder=tmp_path, port=0)
    wait_until(lambda: len(listeners(server.pid)) == 3)
    ports = list(listeners(server.pid))
    assert local.running(tmp_path) == server
    if isinstance(how, signal.Signals):
        os.kill(server.pid, how)
        wait_until(lambda: local.running(tmp_path) is None)
        os.waitpid(server.pid, 0)
    else:
        assert local.stop(tmp_path)
    wait_until(lambda: not group_members(server.pid))
    for port in ports:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
    assert not local.stop(tmp_path)


def test_stop_ends_processes_that_a_killed_server_leaves(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str
) -> None:
    server = local.start(deployment, artifacts=artifacts, folder=tmp_path, port=0)
    for pid in group_members(server.pid):
        os.kill(pid, signal.SIGSTOP)  # nothing of it can end by itself
    os.kill(server.pid, signal.SIGKILL)
    assert local.stop(tmp_path, grace=0)
    wait_until(lambda: not group_members(server.pid))


def test_a_second_server_of_a_folder_is_refused(server: local.Server, deployment: SeldonDeployment) -> None:
    folder = Path(server.log).parent
    with pytest.raises(ServingError, match=f"runs already at {server.url}"):
        local.start(deployment, artifacts="file:///nowhere", folder=folder, port=0)


def test_a_port_in_use_is_named(tmp_path: Path, server: local.Server, deployment: SeldonDeployment) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ServingError, match=f"port {port} on 127.0.0.1: Address already in use; .*--port"):
        local.start(deployment, artifacts="file:///nowhere", folder=tmp_path, port=port)


def test_a_missing_serving_environment_is_named(
    tmp_path: Path, deployment: SeldonDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYLIB_SERVE_PYTHON", str(tmp_path / "python"))
    with pytest.raises(ServingError, match=f"no serving environment at {tmp_path}/python"):
        local.start(deployment, artifacts="file:///nowhere", folder=tmp_path, port=0)


def damaged_store(tmp_path: Path, digest: str, content: bytes) -> str:
    path = tmp_path / "artifacts" / "models" / digest / "model.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return (tmp_path / "artifacts").as_uri()


def bad_models(tmp_path: Path, model: bytes, digest: str) -> dict[str, tuple[str, str, str]]:
    """Case to digest, store and what the error must say."""
    garbage = b"this is no ONNX file"
    garbage_digest = hashlib.sha256(garbage).hexdigest()
    return {
        "nothing released": ("", "file:///nowhere", "release a model first"),
        "no digest": ("latest", "file:///nowhere", "is not a SHA-256"),
        "no such model": (digest, (tmp_path / "empty").as_uri(), "not found"),
        "another model": (digest, damaged_store(tmp_path / "a", digest, model[:-1]), "is damaged"),
        "no model": (
            garbage_digest,
            damaged_store(tmp_path / "b", garbage_digest, garbage),
            "not a model that was exported for serving",
        ),
        "no store": (digest, "", "ARTIFACT_STORE is not set"),
        "an unknown store": (digest, "ftp://models", "ftp"),
    }


CASES = [
    "nothing released",
    "no digest",
    "no such model",
    "another model",
    "no model",
    "no store",
    "an unknown store",
]


@pytest.mark.parametrize("case", CASES)
def test_a_model_that_is_not_what_was_released_is_never_served(
    tmp_path: Path, model: bytes, digest: str, release: Release, case: str
) -> None:
    served, store, reason = bad_models(tmp_path, model, digest)[case]
    deployment = release(tmp_path / "gitops", served)
    folder = tmp_path / "serving"
    with pytest.raises(ServingError, match=reason) as caught:
        local.start(deployment, artifacts=store, folder=folder, port=0)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in (folder / "server.log").read_text()
    assert local.running(folder) is None
    assert not group_members(json.loads((folder / "server.json").read_text())["pid"])


def test_an_unknown_parameter_is_refused(
    tmp_path: Path, digest: str, release: Release, artifacts: str
) -> None:
    release(tmp_path, digest)
    path = tmp_path / manifest("segmentation")
    path.write_text(path.read_text().replace("name: git_commit", "name: colour"))
    with pytest.raises(ServingError, match="no parameter 'colour'"):
        local.start(read_deployment(tmp_path, "segmentation"), artifacts=artifacts, folder=tmp_path, port=0)


def test_a_prediction_log_that_cannot_be_written_is_refused(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str
) -> None:
    with pytest.raises(ServingError, match=r"log .* cannot be written"):
        local.start(deployment, artifacts=artifacts, folder=tmp_path, port=0, predictions=tmp_path)


def test_concurrent_workers_do_not_mix_their_records(
    server: local.Server, predictions: Path, photograph: Photograph
) -> None:
    before = set(predictions.read_text().splitlines()) if predictions.exists() else set()
    ids: set[str] = set()

    def ask(seed: int) -> None:
        with Client(server.url) as client:
            ids.update(client.predict(photograph(seed)).tags["prediction_id"] for _ in range(25))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    added = [line for line in predictions.read_text().splitlines() if line not in before]
    assert len(ids) == 100
    assert {json.loads(line)["prediction_id"] for line in added} == ids


GRPC = """
import json, sys, grpc
from seldon_core.proto.prediction_pb2 import DefaultData, SeldonMessage, Tensor
from seldon_core.proto.prediction_pb2_grpc import SeldonStub
from google.protobuf.json_format import MessageToDict
target, path = sys.argv[1:]
data = open(path, "rb").read()
with grpc.insecure_channel(target) as channel:
    grpc.channel_ready_future(channel).result(timeout=20)
    ask = lambda message: MessageToDict(SeldonStub(channel).Predict(message, timeout=20))
    large = SeldonMessage(binData=data + bytes(9 * 2**20))
    large.meta.puid, large.meta.tags["customerId"].string_value = "my-id-1", "c1"
    tensor = DefaultData(tensor=Tensor(shape=[2, 1, 3], values=[9, 8, 7, 200, 100, 0]))
    print(json.dumps([
        ask(SeldonMessage(binData=data)), ask(SeldonMessage(data=tensor)),
        ask(SeldonMessage(binData=b"no image")), ask(SeldonMessage(strData="cat")), ask(large),
    ]))
    try:
        ask(SeldonMessage(binData=bytes(21 * 2**20)))
    except grpc.RpcError as error:
        print(error.code().name)
"""


def test_grpc_gives_the_same_answer(
    tmp_path: Path, server: local.Server, identity: dict[str, str], photograph: Photograph
) -> None:
    image = tmp_path / "image.jpg"
    image.write_bytes(photograph(2))
    target = f"127.0.0.1:{server.grpc_port}"
    command = [str(local.serving_python()), "-c", GRPC, target, str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    said, refusal = done.stdout.splitlines()
    answer, tensor, not_image, not_known, large = json.loads(said)
    rest = requests.post(
        f"{server.url}/api/v1.0/predictions", files={"binData": image.read_bytes()}, timeout=10
    ).json()
    assert answer["jsonData"] == rest["jsonData"]
    assert answer["meta"]["tags"].items() >= identity.items()
    assert (tensor["jsonData"]["height"], tensor["jsonData"]["width"]) == (2, 1)
    for refused, reason in ((not_image, "not an image"), (not_known, "strData")):
        assert refused["status"]["code"] == 400
        assert refused["status"]["status"] == "FAILURE"
        assert reason in refused["status"]["info"]
    assert large["jsonData"] == answer["jsonData"], "JPEG ends before the bytes that make it 9 MiB"
    assert (large["meta"]["puid"], large["meta"]["tags"]["customerId"]) == ("my-id-1", "c1")
    assert large["meta"]["requestPath"] == rest["meta"]["requestPath"]
    assert refusal == "RESOURCE_EXHAUSTED", "above what the deployment's annotation says"
