"""The verb `sweep run`: what it prints, what it refuses, and the smallest real search."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.sweeps.trials import Place

ROOT = Path(__file__).parents[2]


def sweep(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("pylib")), "sweep", "run", *words]
    environment = {**os.environ, "PYLIB_OUTPUT": str(folder / "out")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_prints_where_the_best_parameters_are(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    done = sweep(tmp_path, str(place.file))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Succeeded") == 8
    report = next(line for line in done.stderr.splitlines() if line.startswith("report "))
    assert Path(report.removeprefix("report ")).read_text().rstrip().endswith("</html>")
    assert json.loads(Path(done.stdout.strip()).read_text())["experiment"] == "sweep"


def test_what_is_refused_is_one_line(tmp_path: Path) -> None:
    place = Place(tmp_path / "place", maxTrialCounts=3)
    done = sweep(tmp_path, str(place.file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_an_unknown_data_set_is_said_before_anything_runs(tmp_path: Path) -> None:
    done = sweep(tmp_path, str(ROOT / "pipelines/sweeps/smoke.yaml"), "--data", "none@master")
    assert done.returncode == 1
    assert "no store" in done.stderr
    assert not (tmp_path / "out" / "sweeps").exists()


@pytest.mark.slow
def test_the_smallest_search_of_the_repository(tmp_path: Path) -> None:
    made = yaml.safe_load((ROOT / "pipelines/sweeps/smoke.yaml").read_text())
    made["spec"] |= {"maxTrialCount": 2, "maxFailedTrialCount": 1}
    container = made["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    container["command"] = [word.replace("epochs=3", "epochs=1") for word in container["command"]]
    (tmp_path / "smoke.yaml").write_text(yaml.safe_dump(made))
    done = sweep(tmp_path, "smoke.yaml", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert 0 < found["objective"]["value"] < 1
    assert found["data"].startswith("sample@")
    assert {type(value) for value in found["parameters"].values()} == {int, float, str}
    assert len(list((tmp_path / "out" / "shards").glob("*/index.json"))) == 1
