"""What the component `regress` calls: the step, and its model as a version in the registry.

Registering is no part of the recorded step, so that a model from the cache is registered too and a change of
the registry's code makes no step anew. It costs a line and not the run where something stands in its way.
"""

import tempfile
from pathlib import Path

from pylib.errors import PylibError, one_line
from pylib.provenance import statement as records
from pylib.provenance.materials import ROOT
from pylib.provenance.origin import data_commit, git_commit
from pylib.provenance.step import Result
from pylib.steps.regress import regress
from pylib.training.mlflow_log import warn


def regress_and_register(
    table: Path, model: Path, evaluation: Path, *, pipeline: str, alpha: float, l1_ratio: float
) -> Result:
    """The step with the gate of a pipeline, registered under its name; returns the metrics alone."""
    from pylib.evaluation.gate import gate_file

    gate = gate_file(ROOT, pipeline)
    made = regress(table, model, evaluation, gate, alpha=alpha, l1_ratio=l1_ratio)
    register(model, evaluation, pipeline)
    return {name: value for name, value in made.items() if name != "model"}


def register(model: Path, evaluation: Path, pipeline: str) -> None:
    """Make a version of a model that passed its gate: its data and code are what its records say."""
    from pylib.registry.folder import Registration, assemble
    from pylib.registry.places import Places
    from pylib.registry.promotion import keep_unserved

    data = data_commit(records.read_bundle(model)) or ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            given = Registration(pipeline, data, git_commit(model))
            whole = assemble(model, evaluation, Path(folder) / "model", given)
            keep_unserved(whole, given, Places.of_settings())
        except PylibError as error:
            warn(f"{pipeline}: the model is not registered: {one_line(error)}")
