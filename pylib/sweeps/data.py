"""What a search's trials learn from, data and first weights: named in the template, pinned before it runs."""

import copy
from collections.abc import Mapping
from typing import Any

from katib.experiment import Experiment, value_at
from pylib.errors import SweepError
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef

DATA, WEIGHTS = "PYLIB_DATA", "PYLIB_WEIGHTS"
"""The variables of the primary container that `pylib trial` reads."""


def named(experiment: Experiment, variable: str) -> str:
    """What the template says for a variable; empty where it does not have it."""
    return next((str(each.get("value") or "") for each in _variables(experiment, variable)), "")


def pinned(reference: str, store: str) -> str:
    """Data by its commit's id, so that all trials learn from the same bytes; raises StoreError."""
    commit = open_store(store).inspect(CommitRef.parse(reference))
    return f"{commit.repository}@{commit.id}"


def with_variables(experiment: Experiment, values: Mapping[str, str]) -> Experiment:
    """The Experiment with other values; SweepError where its template does not have such a variable."""
    body: Any = copy.deepcopy(dict(experiment.body))
    changed = Experiment(body)
    for name, value in values.items():
        found = _variables(changed, name)
        if not found:
            raise SweepError(
                f"{experiment.name}: nothing reads {name}; give the trial's container env {name}"
            )
        for each in found:
            each.pop("valueFrom", None)
            each["value"] = value
    return changed


def _variables(experiment: Experiment, name: str) -> list[Any]:
    container = experiment.primary[1] if experiment.primary else {}
    return [each for each in value_at(container, "env") or [] if each.get("name") == name]
