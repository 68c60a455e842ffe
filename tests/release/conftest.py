"""A user's repository, models to release and evaluations of them; Git as on a bare machine."""

import subprocess
from pathlib import Path

import pytest

from pylib.evaluation.class_metrics import ClassMetrics
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.record import Evaluation, Measurement
from pylib.provenance.digests import sha256_file
from pylib.release.release import release
from pylib.serving.repository import manifest
from pylib.store.artifacts import ArtifactStore

NAME = "segmentation"
MANIFEST = manifest(NAME)
TEXT = """\
# The served model.
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata:
  name: segmentation  # its name in the cluster
spec:
  predictors:
    - name: default
      graph:
        name: model
        type: MODEL
        # Empty before a release.
        parameters:
          - name: model_digest
            type: STRING
            value: ""
          - name: data_commit
            type: STRING
            value: ""
          - name: git_commit
            type: STRING
            value: ""
      componentSpecs:
        - spec:
            containers:
              - name: model
                image: ghcr.io/OWNER/serve
                env:
                  - name: ARTIFACT_STORE
                    value: s3://models  # 'quoted' "text" stays
"""


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """An empty home, no author, and the variables that a Git hook would set."""
    (tmp_path / "home").mkdir()
    for name in ("EMAIL", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(folder: Path, *arguments: str) -> str:
    """Run git as a person would, in a folder."""
    done = subprocess.run(
        ["git", "-C", folder, *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout.strip()


@pytest.fixture
def in_git():
    """Run git as a person would."""
    return git


@pytest.fixture
def commit_all():
    """Commit everything in a folder as its user."""

    def commit(folder: Path, message: str) -> str:
        git(folder, "add", "--all")
        git(folder, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-qm", message)
        return git(folder, "rev-parse", "HEAD")

    return commit


@pytest.fixture
def source(tmp_path, commit_all) -> Path:
    """The user's repository, with one commit."""
    folder = tmp_path / "source"
    (folder / MANIFEST).parent.mkdir(parents=True)
    (folder / MANIFEST).write_text(TEXT)
    (folder / "README.md").write_text("one\n")
    git(tmp_path, "init", "-q", "-b", "trunk", str(folder))
    commit_all(folder, "First")
    return folder


@pytest.fixture
def judged(tmp_path):
    """Make a model folder and its evaluation; returns (model, evaluation, digest)."""

    def make(name: str, *, iou: float = 0.8, same: float = 1.0, gate=None) -> tuple[Path, Path, str]:
        model, evaluation = tmp_path / name / "model", tmp_path / name / "evaluation"
        model.mkdir(parents=True)
        evaluation.mkdir()
        (model / "model.onnx").write_bytes(f"the model {name}".encode())
        (model / "model.json").write_text("{}")
        digest = sha256_file(model / "model.onnx")
        scores = ClassMetrics(iou=iou, f1=iou, precision=iou, recall=iou)
        measured = Measurement(
            task="segmentation",
            model_digest=digest,
            dataset="sample",
            items=40,
            score="mean_iou",
            metrics={"mean_iou": iou, "expected_calibration_error": 0.02},
            parity={"same_class_share": same, "max_probability_difference": 1e-6},
            details={
                "classes": ["object", "background"],
                "per_class": {"object": scores.model_dump(), "background": scores.model_dump()},
                "confusion": [[8, 2], [2, 8]],
                "reliability": [],
                "examples": [],
            },
        )
        result = decide(gate or Gate.model_validate({"mean_iou": {"minimum": 0.7}}), measured)
        (evaluation / "evaluation.json").write_bytes(Evaluation(**dict(measured), gate=result).dumps())
        return model, evaluation, digest

    return make


@pytest.fixture
def promote(tmp_path, source, judged):
    """Release a made-up model by name; keyword arguments go to `release`, or to the evaluation."""

    def run(name: str, /, *, figures=None, **arguments):
        place = tmp_path / name
        made = (
            (place / "model", place / "evaluation") if place.exists() else judged(name, **figures or {})[:2]
        )
        defaults = {
            "name": NAME,
            "artifacts": ArtifactStore(str(tmp_path / "artifacts")),
            "repository": tmp_path / "gitops",
            "source": source,
            "data_commit": "sample@c0ffee",
            "git_commit": "1" * 40,
        }
        return release(*made, **defaults | arguments)

    return run
