"""The newest run that this machine started on a cluster, kept in the output folder for `pylib status`."""

import json
from pathlib import Path
from typing import Any

from pylib.errors import PipelineError
from pylib.runners.cluster import ENDED, ClusterRun
from pylib.runners.tasks import Task
from pylib.settings import make_folder

FILE = "cluster-run.json"


def keep(output: Path, run: ClusterRun) -> None:
    """Write what is known of a run."""
    make_folder(output)
    text = json.dumps({key: getattr(run, key) for key in _KEYS} | {"facts": facts(run)}, indent=2)
    (output / FILE).write_text(text + "\n", encoding="utf-8")


_KEYS = ("pipeline", "id", "namespace", "url", "state")


def newest(output: Path) -> tuple[ClusterRun, dict[str, Any]]:
    """The run, and its facts: as kept where it has ended, else as the API tells them now."""
    from pylib.runners import cluster, connection, following

    try:
        kept = json.loads((output / FILE).read_text(encoding="utf-8"))
        run = ClusterRun(**{key: kept[key] for key in _KEYS})
    except (OSError, ValueError, KeyError) as error:
        raise PipelineError(f"{output / FILE}: not the record of a run ({error!r}); remove it") from error
    if run.state in ENDED:
        return run, kept["facts"]
    run, _ = cluster.look(run, connection.connect(run.namespace))
    if run.state == "SUCCEEDED":
        run = following.ended(run)
    keep(output, run)
    return run, facts(run)


def kept(output: Path) -> tuple[ClusterRun, dict[str, Any]] | None:
    """The same as it was last looked at, without asking the API; None where none was started from here."""
    if not (output / FILE).is_file():
        return None
    try:
        found = json.loads((output / FILE).read_text(encoding="utf-8"))
        return ClusterRun(**{key: found[key] for key in _KEYS}), found["facts"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PipelineError(f"{output / FILE}: not the record of a run ({error!r}); remove it") from error


def facts(run: ClusterRun) -> dict[str, Any]:
    """A run in a few words: how far it is, the seconds of its steps and of Kubeflow Pipelines."""
    return {
        "cluster_run": run.id,
        "state": run.state.lower(),
        "steps": ", ".join(_step(task) for task in run.tasks) or "none yet",
        "seconds": round(run.seconds),
        **_overhead(run),
        "page": run.where,
    }


def _overhead(run: ClusterRun) -> dict[str, str]:
    """Known when the run has ended: until then a step that is at work counts for nothing."""
    beside = f"beside {run.seconds - run.overhead:.0f} s of steps"
    return {"kubeflow": f"{run.overhead:.0f} s of its own {beside}"} if run.state in ENDED else {}


def _step(task: Task) -> str:
    if task.ended:
        return f"{task.name} {task.seconds:.0f} s"
    return f"{task.name} {'from the cache' if task.state == 'SUCCEEDED' else task.state.lower()}"
