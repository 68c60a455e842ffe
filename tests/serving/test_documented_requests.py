"""The README's requests, run as they stand there, and the answers that it shows."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.serving.test_feedback import classifier, store

FIXTURES = (classifier, store)
README = (Path(__file__).parents[2] / "README.md").read_text()
SECTION = README.partition("### Ask from an application\n")[2].partition("\n### ")[0]
HERE = "http://127.0.0.1:9000"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """What a person types, each whole, however many lines it has."""
    return [
        part for block in blocks("console") for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part
    ]


def keys(value: object) -> object:
    """The names in an answer, at every depth."""
    return {name: keys(each) for name, each in value.items()} if isinstance(value, dict) else None


@pytest.mark.slow
def test_every_request_is_answered_as_it_is_shown(classifier, photograph, tmp_path):
    (tmp_path / "image.jpg").write_bytes(photograph(1))
    said = []
    for command in commands():
        assert HERE in command
        typed = ["bash", "-c", f"set -o pipefail; {command.replace(HERE, classifier.url)}"]
        done = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)
        said.append(json.loads(done.stdout))
    file, base64, pixels, feedback = said
    answer, confirmed = map(json.loads, blocks("json"))
    for each in (file, base64):
        assert keys(each) == keys(answer)
    assert file["jsonData"] == base64["jsonData"]
    assert pixels["data"]["names"] == ["red", "green"]
    assert pixels["data"]["ndarray"][0][0] > 0.5
    assert keys(feedback) == keys(confirmed)
    assert feedback["jsonData"] == confirmed["jsonData"]
