"""What the component does around its step: registered from the cache too, and never at the run's expense."""

import shutil

import pytest

from pylib.registry.places import Places
from pylib.steps.regress_and_register import regress_and_register
from tests.registry.conftest import new_database
from tests.registry.learned_table import NAME, read

__all__ = ["new_database"]
GIVEN = {"pipeline": NAME, "alpha": 0.01, "l1_ratio": 0.5}


@pytest.fixture
def run(tmp_path, monkeypatch, new_database):
    """Run it into a folder of that name; a cache, and no setting of another place."""
    for name in ("PYLIB_STORE", "PYLIB_ARTIFACTS", "MLFLOW_TRACKING_URI", "PYLIB_RELEASE_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path))
    monkeypatch.setenv("PYLIB_CACHE", str(tmp_path / "cache"))
    shutil.copyfile(new_database, tmp_path / "mlflow.db")
    data, table = read(tmp_path)

    def run(name: str):
        return data, regress_and_register(
            table, tmp_path / name / "model", tmp_path / name / "evaluation", **GIVEN
        )

    return run


def registered():
    """The versions as a person sees them."""
    return Places.of_settings().versions().of(NAME)


def test_a_model_from_the_cache_is_registered_too(tmp_path, run, new_database, capsys):
    data, metrics = run("first")
    assert metrics.keys() == {"rmse", "r2", "mae"}
    (before,) = registered()
    assert (before.data_commit, before.aliases) == (data, ("candidate",))
    shutil.copyfile(new_database, tmp_path / "mlflow.db")
    shutil.rmtree(tmp_path / "artifacts")
    assert run("again") == (data, metrics)
    assert "taken from the cache" in capsys.readouterr().out
    assert [each.digest for each in registered()] == [before.digest]
    assert Places.of_settings().artifacts.has_model(before.digest)


@pytest.mark.parametrize("url", ["file://{}/way/artifacts", "nonsense://bucket"])
def test_an_artifact_store_that_cannot_be_written_costs_a_line(tmp_path, run, monkeypatch, capsys, url):
    (tmp_path / "way").write_text("in the way")
    monkeypatch.setenv("PYLIB_ARTIFACTS", url.format(tmp_path))
    _, metrics = run("first")
    assert "r2" in metrics
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("warning: ")]
    assert line.startswith("warning: tabular: the model is not registered: artifact store ")
    monkeypatch.delenv("PYLIB_ARTIFACTS")
    assert registered() == []
