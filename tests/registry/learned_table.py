"""A table's model as the pipeline leaves it: the built-in table, committed, read, learned and judged."""

import shutil
from pathlib import Path

import pytest

from pylib.evaluation.gate import gate_file
from pylib.provenance.materials import ROOT
from pylib.settings import settings
from pylib.steps.read_table import built_in, read_table
from pylib.steps.regress import regress
from pylib.store.opening import open_store

NAME = "tabular"


def read(folder: Path) -> tuple[str, Path]:
    """Commit the built-in table to the store in force and read it: its data commit, the step's folder."""
    repository, files = built_in()
    data = str(open_store(settings().store).commit(repository, files).ref)
    read_table(folder / "table", data=data, target="")
    return data, folder / "table"


def learn(folder: Path, database: Path, *alphas: float) -> tuple[str, list[tuple[Path, Path]]]:
    """The data commit, and a folder of the model and one of its evaluation for each penalty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYLIB_OUTPUT", str(folder))
        for name in ("PYLIB_STORE", "PYLIB_CACHE", "MLFLOW_TRACKING_URI"):
            patch.delenv(name, raising=False)
        shutil.copyfile(database, folder / "mlflow.db")
        data, table = read(folder)
        made = [(folder / f"{alpha:g}/model", folder / f"{alpha:g}/evaluation") for alpha in alphas]
        for alpha, (model, evaluation) in zip(alphas, made, strict=True):
            regress(table, model, evaluation, gate_file(ROOT, NAME), alpha=alpha, l1_ratio=0.5)
        return data, made
