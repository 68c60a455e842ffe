"""The verbs of promotion as a person runs them."""

import json
import os
import subprocess
import sys

import pytest

from pylib.serving.repository import manifest

MANIFEST = manifest("segmentation")


@pytest.fixture
def pylib(tmp_path, source, in_git):
    """Run a verb in its own process, released into a bare remote; returns (exit status, stdout, stderr)."""
    remote = tmp_path / "remote.git"
    in_git(tmp_path, "clone", "-q", "--bare", str(source), str(remote))
    places = {"PYLIB_OUTPUT": str(tmp_path / "out"), "PYLIB_RELEASE_SOURCE": str(remote)}

    def run(*arguments: object) -> tuple[int, str, str]:
        command = [sys.executable, "-c", "from pylib.cli import main; main()", *map(str, arguments)]
        done = subprocess.run(command, env=os.environ | places, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.slow
def test_release_and_released(tmp_path, pylib, judged, in_git):
    assert pylib("released")[0] == 1
    model, evaluation, digest = judged("first")
    status, printed, _ = pylib("release", model, evaluation, "--data", "sample@c0ffee")
    assert status == 0
    assert f"model {digest} released in commit" in printed

    status, printed, _ = pylib("released", "--json")
    served = json.loads(printed)
    assert (served["digest"], served["data_commit"]) == (digest, "sample@c0ffee")
    assert digest in pylib("released")[1]
    assert in_git(tmp_path / "remote.git", "rev-parse", "HEAD") == served["commit"]
    assert digest in in_git(tmp_path / "remote.git", "show", f"HEAD:{MANIFEST.as_posix()}")

    other, judgement, canary = judged("second")
    assert "released to 10 % of requests in commit" in pylib("release", other, judgement, "--canary", "10")[1]
    there = json.loads(pylib("released", "--json")[1])
    assert (there["digest"], there["canary"]["values"]["digest"]) == (digest, canary)
    in_git(tmp_path / "remote.git", "update-ref", "HEAD", served["commit"])
    in_git(tmp_path / "out" / "gitops", "reset", "--quiet", "--hard", served["commit"])

    again = json.loads(pylib("release", model, evaluation, "--json")[1])
    assert again == {"commit": served["commit"], "digest": digest, "is_new": False}


@pytest.mark.slow
def test_what_fails_is_one_line_and_exit_status_1(tmp_path, pylib, judged):
    model, evaluation, _ = judged("poor", iou=0.1)
    status, _, error = pylib("release", model, evaluation)
    assert status == 1
    # The made-up file is no ONNX model, which is a warning of its own.
    (line,) = [each for each in error.splitlines() if not each.startswith("warning: ")]
    assert line.startswith("error: model ")
    assert "mean_iou 0.1 (≥ 0.7)" in line

    gate = tmp_path / "gate.yaml"
    gate.write_text("mean_iu: {minimum: 0.7}\n")
    index = {"format": 1, "name": "none", "image_size": 32, "classes": ["a", "b"], "splits": {}}
    (tmp_path / "index.json").write_text(json.dumps(index))
    status, _, error = pylib("evaluate", model, tmp_path, "--gate", gate)
    assert (status, error.count("\n")) == (1, 1)
    assert "did you mean 'mean_iou'?" in error
