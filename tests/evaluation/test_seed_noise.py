"""The spread of figures over seeds."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pylib.cli import app
from pylib.cli.verbs import register
from pylib.errors import DataError
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.record import Evaluation
from pylib.evaluation.seed_noise import spreads
from pylib.provenance.statement import Definition, build_statement, write_bundle
from tests.evaluation.test_hand_made import CLASSIFICATION, LABELS, MASKS, SEGMENTATION, N, one_hot


def judged(folder: Path, wrong: int, digest: str, *, masks: bool = False) -> Path:
    """An evaluation of a model that is wrong of the first so many of 30."""
    test, truth = (SEGMENTATION, MASKS) if masks else (CLASSIFICATION, LABELS)
    failed = (np.arange(N) < wrong).reshape(-1, *[1] * (truth.ndim - 1))
    said = one_hot(np.where(failed, 1 - truth, truth), 0.9)
    seen = test.seen()
    seen.add(truth, said, said)
    found = test.measured(digest * 64, seen)
    decided = decide(Gate.model_validate({"images": {"minimum": 1}}), found)
    folder.mkdir()
    (folder / "evaluation.json").write_bytes(Evaluation(**dict(found), gate=decided).dumps())
    return folder


def test_the_spread_is_what_a_hand_computes(tmp_path: Path) -> None:
    folders = [judged(tmp_path / digest, wrong, digest) for wrong, digest in ((3, "a"), (6, "b"), (9, "c"))]
    _, found = spreads(folders)
    assert found["accuracy"] == pytest.approx((0.8, 0.1, 0.7, 0.9))
    register(app)
    said = CliRunner().invoke(app, ["seeds", *map(str, folders), "--json"])
    assert json.loads(said.stdout)["metrics"]["accuracy"]["deviation"] == pytest.approx(0.1)
    assert "accuracy" in CliRunner().invoke(app, ["seeds", *map(str, folders)]).stdout


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    first, same = judged(tmp_path / "1", 3, "a"), judged(tmp_path / "2", 3, "a")
    other = judged(tmp_path / "3", 3, "b", masks=True)
    with pytest.raises(DataError, match="name those of two seeds"):
        spreads([first])
    with pytest.raises(DataError, match="1 of the models are there twice"):
        spreads([first, same])
    with pytest.raises(DataError, match="name evaluations of the same test split"):
        spreads([first, other])


def recorded(folder: Path, **train: object) -> Path:
    """The same with the record of a training, as a run leaves it beside an evaluation."""
    now, made = datetime.now(UTC), {"name": "evaluation", "digest": {"sha256": "0" * 64}}
    judging, training = Definition("evaluate", {"champion": str(folder)}), Definition("train", dict(train))
    write_bundle(folder, [build_statement(each, [made], now, now) for each in (judging, training)])
    return folder


def test_runs_that_differ_in_more_than_their_seed_have_no_spread_of_seeds(tmp_path: Path) -> None:
    def run(name: str, digest: str, *, seed: int, epochs: int, alpha: float = 0.35) -> Path:
        parameters = {"seed": seed, "alpha": alpha}
        return recorded(
            judged(tmp_path / name, 3, digest),
            parameters=parameters,
            options={"epochs": epochs},
            weights="none",
        )

    first, second = run("1", "a", seed=0, epochs=12), run("2", "b", seed=1, epochs=12)
    assert len(spreads([first, second])[0]) == 2
    with pytest.raises(DataError, match=r"of train options \{'epochs': 3\}, and .* of \{'epochs': 12\}"):
        spreads([first, run("3", "c", seed=0, epochs=3)])
    with pytest.raises(DataError, match=r"of train alpha 0\.5, and .* of 0\.35: .* their seed alone"):
        spreads([first, run("4", "d", seed=0, epochs=12, alpha=0.5)])
