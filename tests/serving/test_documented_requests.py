"""The README's requests, run as they stand there, and the answers that it shows."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pylib.serving import local
from tests.serving.protocols import clients
from tests.serving.test_feedback import classifier, store

FIXTURES = (classifier, store)
README = (Path(__file__).parents[2] / "README.md").read_text()
SECTION = README.partition("### Ask from an application\n")[2].partition("\n### ")[0]
OURS, _, OTHERS = SECTION.partition("\n#### In another protocol\n")
HTTP, GRPC = "127.0.0.1:9000", "127.0.0.1:9500"
HERE = f"http://{HTTP}"


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """What a person types, each whole, however many lines it has."""
    found = blocks(text, "console")
    return [part for block in found for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]


def typed(command: str, server: local.Server, folder: Path) -> Any:
    """What a command of the README says, as JSON, with this server's address in the place of its own."""
    assert HERE in command
    there = ["bash", "-c", f"set -o pipefail; {command.replace(HERE, server.url)}"]
    done = subprocess.run(there, cwd=folder, capture_output=True, text=True, check=True, timeout=30)
    return json.loads(done.stdout)


def keys(value: object) -> object:
    """The names in an answer, at every depth."""
    return {name: keys(each) for name, each in value.items()} if isinstance(value, dict) else None


@pytest.mark.slow
def test_every_request_is_answered_as_it_is_shown(classifier, photograph, tmp_path):
    (tmp_path / "image.jpg").write_bytes(photograph(1))
    said = [typed(command, classifier, tmp_path) for command in commands(OURS)]
    file, base64, pixels, feedback = said
    answer, confirmed = map(json.loads, blocks(OURS, "json"))
    for each in (file, base64):
        assert keys(each) == keys(answer)
    assert file["jsonData"] == base64["jsonData"]
    assert pixels["data"]["names"] == ["red", "green"]
    assert pixels["data"]["ndarray"][0][0] > 0.5
    assert keys(feedback) == keys(confirmed)
    assert feedback["jsonData"] == confirmed["jsonData"]


@pytest.mark.slow
def test_other_protocols_say_the_same(classifier, photograph, tmp_path):
    (tmp_path / "image.jpg").write_bytes(photograph(1))
    (first, *_) = (typed(command, classifier, tmp_path) for command in commands(OURS)[:1])
    expected = list(first["jsonData"]["probabilities"].values())
    open_inference, tensorflow = (typed(command, classifier, tmp_path) for command in commands(OTHERS))
    outputs = {each["name"]: each["data"] for each in open_inference["outputs"]}
    assert outputs["probabilities"] == pytest.approx(expected)
    assert tensorflow["predictions"][0]["prediction"] == pytest.approx(expected)
    for block in blocks(OTHERS, "python"):
        assert HTTP in block or GRPC in block
        here = block.replace(HTTP, classifier.url.removeprefix("http://"))
        here = here.replace(GRPC, f"127.0.0.1:{classifier.grpc_port}")
        command = [clients.python(), "-c", here]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
        shown = [float(number) for number in re.findall(r"\d\.\d+(?:e-\d+)?", done.stdout)]
        assert "red" in done.stdout
        assert shown == pytest.approx(expected, rel=1e-4)
