"""The step "search": an Experiment to optimal.json with its record."""

import json
from pathlib import Path

import pytest

from pylib.errors import SweepError
from pylib.provenance.statement import read_bundle
from pylib.steps.search import check_parameters, file_of, search
from tests.sweeps.trials import Place


@pytest.fixture(autouse=True)
def _output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))


def test_the_best_trial_is_written_down_typed_and_with_its_record(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    told = search(tmp_path / "best", experiment=str(place.file), data="")
    found = json.loads((tmp_path / "best" / "optimal.json").read_text())
    assert told == {"trial": found["trial"], "trials": 8}
    assert found["reason"] == "ExperimentMaxTrialsReached"
    assert {name: type(value) for name, value in found["parameters"].items()} == {"x": float, "n": int}
    x, n = found["parameters"]["x"], found["parameters"]["n"]
    assert found["objective"] == {
        "name": "score",
        "type": "maximize",
        "value": (1 - (x - 0.3) ** 2 - 0.01 * n) * 3 / 3,
    }
    assert found["words"][-2:] == [f"x={x!r}", f"n={n}"]
    record = read_bundle(tmp_path / "best")[0]
    definition = record["predicate"]["buildDefinition"]
    assert definition["buildType"].endswith("/search/v1")
    assert {each["name"] for each in definition["resolvedDependencies"]} >= {"experiment", "pylib"}
    assert record["subject"][0]["name"] == "best/optimal.json"


def test_the_same_search_again_writes_the_same(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    files = [tmp_path / name / "optimal.json" for name in ("one", "two")]
    for file in files:
        search(file.parent, experiment=str(place.file), data="")
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(place.done()) == 8


def test_a_failed_search_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path / "place", "kind=fail", maxFailedTrialCount=1)
    with pytest.raises(SweepError, match=r"maxFailedTrialCount was reached.*x was wrong"):
        search(tmp_path / "best", experiment=str(place.file), data="")
    assert not (tmp_path / "best").exists()


def test_a_best_trial_that_printed_nan_is_no_best_parameters(tmp_path: Path) -> None:
    place = Place(tmp_path / "place", "kind=nan")
    with pytest.raises(SweepError, match="make a trial fail instead"):
        search(tmp_path / "best", experiment=str(place.file), data="")


def test_data_that_no_trial_reads_is_refused(tmp_path: Path) -> None:
    from pylib.settings import settings
    from pylib.store.opening import open_store

    (tmp_path / "a").write_text("a")
    commit = open_store(settings().store).commit("pets", {"a": tmp_path / "a"})
    place = Place(tmp_path / "place")
    with pytest.raises(SweepError, match="nothing reads PYLIB_DATA"):
        search(tmp_path / "best", experiment=str(place.file), data=str(commit.ref))


def test_a_pipeline_names_a_search_of_the_repository_whose_trials_learn_from_its_size() -> None:
    check_parameters("smoke", 64)
    check_parameters("segmentation", 0, "segmentation", {"epochs": 3})
    assert file_of("smoke").name == "smoke.yaml"
    with pytest.raises(SweepError, match=r"sweep='smok': not in .*sweeps; did you mean smoke\?"):
        check_parameters("smok", 64)
    with pytest.raises(SweepError, match="--image-size=64, and image_size is 0; give both the same"):
        check_parameters("smoke", 0)
    with pytest.raises(SweepError, match="trials run `pylib trial classification`"):
        check_parameters("classification", 0, "segmentation")
    with pytest.raises(SweepError, match="options: batch, dropout is what the search smoke is for"):
        check_parameters("smoke", 64, "segmentation", {"epochs": 3, "dropout": 0, "batch": 8})
