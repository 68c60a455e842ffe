"""The folder of a search: another one where the data, the first weights or the code of trials is another."""

from pathlib import Path

import pytest

from pylib.provenance import materials
from pylib.sweeps import folder
from pylib.sweeps.reading import Sweep, read
from tests.sweeps.trials import Place

SMOKE = Path(__file__).parents[2] / "pipelines/sweeps/smoke.yaml"


@pytest.fixture
def smoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path))
    return read(SMOKE)


def test_the_code_of_trials_is_what_a_training_can_use_and_the_lock(smoke: Sweep) -> None:
    used = {each["name"]: each for each in materials.code("pylib.sweeps.trial", "segmentation")}
    assert "locks/train.txt" in used
    files = used["pylib"]["annotations"]["files"].keys()
    assert files >= {"pylib/training/run.py", "pylib/tasks/segmentation/network.py", "pylib/heads/fit.py"}
    assert not files & {"pylib/serving/local.py", "pylib/cli/run.py", "pylib/release/release.py"}
    assert folder.of(smoke, {}).name.endswith(f"-{folder.code(smoke.experiment)[:8]}")


def test_each_data_set_and_each_task_has_its_own(smoke: Sweep, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(SMOKE.read_text().replace("- segmentation", "- classification"))
    names = [folder.of(smoke, {"PYLIB_DATA": data}).name for data in ("", "a@1", "a@2")]
    names.append(folder.of(read(other), {}).name)
    assert len({name.rpartition("-")[2] for name in names}) == 2
    assert len(set(names)) == 4


def test_a_search_that_other_code_began_is_not_gone_on_with_and_that_is_said(smoke: Sweep) -> None:
    today = folder.of(smoke, {})
    assert folder.former(today) == ""
    yesterday = today.with_name(f"{today.name[:-8]}0123abcd")
    yesterday.mkdir(parents=True)
    assert f"has changed since {yesterday.name}: the search begins again" in folder.former(today)
    today.mkdir()
    assert folder.former(today) == ""


def test_of_another_program_nobody_knows_the_code(tmp_path: Path) -> None:
    place = read(Place(tmp_path).file)
    assert folder.code(place.experiment) == ""
    assert folder.former(folder.of(place, {})) == ""
