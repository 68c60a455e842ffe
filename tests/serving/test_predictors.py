"""A champion with a canary or a shadow on this machine: real servers behind one address."""

import hashlib
import json
import math
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pylib.errors import ServingError
from pylib.release.manifest import Manifest
from pylib.release.served import Canary, Served, Values
from pylib.serving import local, predictors, split
from pylib.serving.client import Client
from pylib.serving.deployment import SeldonDeployment, read_deployment
from pylib.serving.repository import manifest
from pylib.store.artifacts import ArtifactStore
from tests.on_cluster.serving import PROGRAM
from tests.serving.conftest import _identity, _tiny_model
from tests.serving.protocols.seldon.slow_server import ROOT
from tests.serving.test_rollout import answers
from tests.serving.test_server import wait_until

pytestmark = pytest.mark.slow
NAME = "segmentation"
Photograph = Callable[..., bytes]
Release = Callable[[Path, str], SeldonDeployment]
Names = Callable[..., SeldonDeployment]


@pytest.fixture(scope="module")
def other(artifacts: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of a second model in the store."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "model.onnx").write_bytes(_tiny_model(7))
    digest = hashlib.sha256(_tiny_model(7)).hexdigest()
    ArtifactStore(artifacts).put_model(folder, digest)
    return digest


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory, digest: str, other: str, release: Release) -> Names:
    """A function: what Git says once a release is the champion alone, or with a canary of that traffic."""

    def make(traffic: int | None, champion: str = digest) -> SeldonDeployment:
        folder = tmp_path_factory.mktemp("gitops")
        release(folder, champion)
        path = folder / manifest(NAME)
        text = Manifest(path.read_text(), path)
        beside = None if traffic is None else Canary(Values(*_identity(other).values()), traffic)
        path.write_text(text.with_served(Served(text.values, beside)).text)
        return read_deployment(folder, NAME)

    return make


@contextmanager
def served(
    deployment: SeldonDeployment, artifacts: str, folder: Path
) -> Iterator[tuple[local.Server, predictors.Given]]:
    given = predictors.Given(artifacts, 1, folder / "predictions.jsonl")
    try:
        yield predictors.start(deployment, given, folder=folder, port=0), given
    finally:
        predictors.stop(folder)


@contextmanager
def load(server: local.Server, said: Path) -> Iterator[None]:
    """The program that asks a model on a cluster, over REST and gRPC; four connections of each."""
    command = [str(local.serving_python()), "-c", PROGRAM.read_text(), server.url]
    command += [f"127.0.0.1:{server.grpc_port}", "4", "80"]
    with said.open("w") as output:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def go_on(said: Path, number: int) -> list[dict[str, str]]:
    """That many more answers of each protocol."""
    before = len(answers(said))
    for protocol in ("rest", "grpc"):
        wait_until(lambda p=protocol: [e["protocol"] for e in answers(said)[before:]].count(p) >= number, 60)
    return answers(said)[before:]


def within(count: int, of: int, share: float) -> bool:
    """Whether a count is one that a split of that share misses but once in a thousand million times."""
    return abs(count - of * share) <= 6.2 * math.sqrt(of * share * (1 - share)) + 1


def test_a_canary_answers_its_share_and_a_promotion_loses_no_request(
    tmp_path: Path, names: Names, artifacts: str, digest: str, other: str
) -> None:
    said = tmp_path / "answers.jsonl"
    with served(names(20), artifacts, tmp_path) as (server, given):
        with load(server, said):
            for protocol in ("rest", "grpc"):
                of = [each for each in go_on(said, 150) if each["protocol"] == protocol]
                by = Counter(each["digest"] for each in of)
                assert set(by) == {digest, other}
                assert within(by[other], len(of), 0.2), by
            assert predictors.start(names(None, other), given, folder=tmp_path, port=0) == server
            go_on(said, 5)  # those that were on their way
            assert {each["digest"] for each in go_on(said, 20)} == {other}
        failed = [each for each in answers(said) if "error" in each]
        assert not failed, failed[:3]
        assert [
            file.parent.name for file in tmp_path.glob("*/server.json") if local.running(file.parent)
        ] == [f"default-{other[:12]}"]
        lines = [json.loads(line) for line in given.predictions.read_text().splitlines()]
        assert {(each["predictor"], each["model_digest"]) for each in lines} == {
            ("default", digest), ("canary", other), ("default", other)
        }  # fmt: skip
        assert predictors.start(names(None, other), given, folder=tmp_path, port=0) == server
    assert not local.running(tmp_path)
    assert not predictors.stop(tmp_path)


def test_a_server_alone_goes_over_to_what_git_names_at_its_address(
    tmp_path: Path, names: Names, artifacts: str, digest: str, other: str, photograph: Photograph
) -> None:
    image = photograph(1)

    def answering(server: local.Server) -> set[str]:
        with Client(server.url, timeout=20) as client:
            return {client.predict(image).tags["model_digest"] for _ in range(30)}

    with served(names(None), artifacts, tmp_path) as (alone, given):
        assert predictors.start(names(None), given, folder=tmp_path, port=0) == alone
        with pytest.raises(ServingError):
            predictors.start(names(None, "e" * 64), given, folder=tmp_path, port=0)
        assert local.running(tmp_path) == alone  # what cannot be served ends nothing
        assert answering(alone) == {digest}
        both = predictors.start(names(50), given, folder=tmp_path, port=0)
        assert (both.url, both.grpc_port) == (alone.url, alone.grpc_port)
        assert answering(both) == {digest, other}
        assert predictors.start(names(None, other), given, folder=tmp_path, port=0) == both
        assert answering(both) == {other}


def test_a_shadow_sees_every_request_and_its_end_is_nobodys_trouble(
    tmp_path: Path, names: Names, artifacts: str, digest: str, other: str, photograph: Photograph
) -> None:
    def logged() -> list[dict[str, str]]:
        return [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]

    with served(names(0), artifacts, tmp_path) as (server, _), Client(server.url, timeout=20) as client:
        images = [photograph(seed) for seed in range(20)]
        assert {client.predict(image).tags["model_digest"] for image in images} == {digest}
        wait_until(lambda: len(logged()) == 2 * len(images))
        hashes = {hashlib.sha256(image).hexdigest() for image in images}
        for predictor, model in (("default", digest), ("shadow", other)):
            seen = [each for each in logged() if each["predictor"] == predictor]
            assert {each["model_digest"] for each in seen} == {model}
            assert {each["image_sha256"] for each in seen} == hashes
        (shadow,) = (each for each in split.read(tmp_path / split.FILE) if not each.traffic)
        running = local.running(Path(shadow.folder))
        assert running
        os.killpg(running.pid, signal.SIGSTOP)  # it takes copies, and never answers
        more = [client.predict(images[0]).tags["model_digest"] for _ in range(100)]
        os.killpg(running.pid, signal.SIGKILL)
        more += [client.predict(images[0]).tags["model_digest"] for _ in range(100)]
        assert Counter(more) == {digest: 200}
        assert not predictors.is_whole(tmp_path, server)
        os.kill(server.pid, signal.SIGKILL)  # the address; the champion's server goes on behind it
        os.waitpid(server.pid, 0)
        assert predictors.stop(tmp_path)
        assert not any(local.running(file.parent) for file in tmp_path.glob("**/server.json"))
