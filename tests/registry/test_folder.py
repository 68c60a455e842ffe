"""The folder of a model in the artifact store: every run that made the same model stays in its records."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pylib.provenance.explain import explain
from pylib.provenance.statement import Definition
from pylib.provenance.step import record
from pylib.registry.folder import Registration, assemble, upload
from pylib.store.artifacts import ArtifactStore
from tests.release.conftest import judged

__all__ = ["judged"]

PYLIB = Path(sys.executable).with_name("pylib")
SEARCH = {"experiment": "smoke", "sha256": "ab" * 32, "trial": "smoke-abcdefgh"}


@pytest.fixture
def run(tmp_path, judged):
    """Make the same model with these parameters, judge it, and put it into the artifact store."""
    artifacts = ArtifactStore((tmp_path / "artifacts").as_uri())
    model, evaluation, digest = judged("model")
    (model / "dataset.json").write_text(json.dumps({"splits": {"train": {"items": []}}}))

    def make(report: str, **parameters) -> str:
        record(Definition("train", parameters), {"model": model}, [], datetime.now(UTC))
        (evaluation / "report.html").write_text(report)
        whole = assemble(model, evaluation, tmp_path / f"whole-{datetime.now(UTC)}", Registration("shop"))
        upload(artifacts, whole, digest)
        return digest

    return make


def parameters(digest, tmp_path):
    found = explain(digest, artifacts=(tmp_path / "artifacts").as_uri(), predictions=tmp_path / "none")
    return found.steps[0].parameters, [each.parameters for each in found.others]


@pytest.mark.parametrize("report", ["the same", "judged beside another"])
def test_values_typed_by_hand_do_not_hide_the_search_that_found_them(tmp_path, run, report):
    searched, typed = {"rate": 0.1, "search": SEARCH}, {"rate": 0.1, "search": {}}
    run("the same", **searched)
    digest = run(report, **typed)
    shown, others = parameters(digest, tmp_path)
    assert (shown, others) == ((searched, [typed]) if report == "the same" else (typed, [searched]))


def test_a_third_way_hides_neither_of_the_others_and_the_same_again_adds_nothing(tmp_path, run):
    for number, rate in enumerate([1, 2, 3, 2, 1]):
        digest = run(str(number), rate=rate)
    shown, others = parameters(digest, tmp_path)
    assert [shown, *others] == [{"rate": 1}, {"rate": 2}, {"rate": 3}]


def test_the_command_shows_each_with_its_parameters(tmp_path, run):
    run("first", rate=0.1, search=SEARCH)
    digest = run("second", rate=0.1, search={})
    environment = os.environ | {"PYLIB_OUTPUT": str(tmp_path)}
    environment |= {"PYLIB_ARTIFACTS": (tmp_path / "artifacts").as_uri()}
    shown = subprocess.run(
        [PYLIB, "explain", digest], env=environment, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert "the same model was made by train" in shown.stdout
    assert "smoke-abcdefgh" in shown.stdout
