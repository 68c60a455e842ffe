"""An Experiment's file, refused as the check before a push refuses it; what is not offered here."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from katib import checks, structure
from katib.experiment import Experiment, value_at
from pylib.distinct_yaml import DistinctLoader
from pylib.errors import SweepError
from pylib.provenance.digests import canonical
from pylib.sweeps import job

COUNTS = ("parallelTrialCount", "maxTrialCount", "maxFailedTrialCount")
ONLY_THERE = {"katib-hyperband"}
"""Checks of what Katib does not do right and a search here does: said, not refused."""


class _Loader(DistinctLoader):
    """YAML as Kubernetes reads it: `1e-05` is a number, a date is text."""


_Loader.yaml_implicit_resolvers = {
    first: [each for each in found if each[0].rpartition(":")[2] not in {"timestamp", "value"}]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


@dataclass(frozen=True)
class Sweep:
    """An Experiment that passed its checks.

    sha256: of its content as JSON; identity: the same without the counts, which may change as it is resumed
    warnings: what a person should know before it runs
    """

    experiment: Experiment
    sha256: str
    identity: str
    warnings: tuple[str, ...]


def read(path: Path, *, here: bool = True) -> Sweep:
    """Read the one Experiment of a file; raises SweepError, one line, that names the first fault.

    here: whether it is to run on this machine, which does less than a cluster, and hyperband better
    """
    body = _load(path)
    _refuse(path, structure.faults(body))
    experiment = Experiment(body)
    said: list[str] = []
    for check in checks.every():
        found = check.find(experiment)
        if here and check.id in ONLY_THERE:
            said += [f"on a cluster: {message}" for _field, message in found]
        else:
            _refuse(path, found)
    if here:
        _refuse(path, job.faults(experiment))
        _refuse(path, not_here(experiment))
    return Sweep(experiment, _digest(body), _digest(_without_counts(body)), tuple(said))


def not_here(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """What an Experiment may say and a search on this machine does not do."""
    spec, trial = "spec", experiment.trial
    field = f"{spec}.trialTemplate.trialSpec"
    if trial.get("kind") != "Job":
        yield f"{field}.kind", f"here a trial is a Job, and this is a {trial.get('kind')}; use --cluster"
    if len(experiment.containers) > 1:
        yield field, f"here a trial is one process, and this has {len(experiment.containers)} containers"
    for key in ("parallelism", "completions"):
        if value_at(trial, f"spec.{key}") not in {None, 1}:
            yield f"{field}.spec.{key}", "here a trial is one pod; write 1"
    if experiment.collector not in {"File", "StdOut"}:
        where = "spec.metricsCollectorSpec.collector.kind"
        yield where, f"{experiment.collector} is not offered here; write StdOut or File"
    path = str(value_at(experiment.body, "spec.metricsCollectorSpec.source.fileSystemPath.path") or "")
    named = str(
        [experiment.primary[1].get(key) for key in ("command", "args", "env")] if experiment.primary else ""
    )
    if experiment.collector == "File" and path.rpartition("/")[0] not in named:
        where = "spec.metricsCollectorSpec.source.fileSystemPath.path"
        yield (
            where,
            "neither the trial's command nor its env names it, so here a trial has no file of its own",
        )


def _refuse(path: Path, faults: Iterator[tuple[str, str]]) -> None:
    for field, message in faults:
        raise SweepError(f"{path}: {field}: {message}")


def _load(path: Path) -> dict[str, Any]:
    try:
        documents = list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=_Loader))
    except (OSError, ValueError) as error:
        raise SweepError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise SweepError(f"{path}{line}: no YAML: {getattr(error, 'problem', None) or error}") from error
    found = [each for each in documents if isinstance(each, dict) and each.get("kind") == "Experiment"]
    if len(found) != 1:
        raise SweepError(f"{path}: there are {len(found)} objects of kind Experiment in it; write one")
    return found[0]


def _without_counts(body: Mapping[str, Any]) -> dict[str, Any]:
    spec = {
        key: value for key, value in (body.get("spec") or {}).items() if key not in {*COUNTS, "resumePolicy"}
    }
    return {"metadata": {"name": value_at(body, "metadata.name")}, "spec": spec}


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(body)).hexdigest()
