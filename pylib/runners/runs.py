"""The runs of this machine, newest first: how far each is, what came of it, where its reports are."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pylib.runners.logs import is_noise
from pylib.runners.run_record import RecordedStep, RunRecord, read

_NAME = re.compile(r"([a-z0-9][a-z0-9-]*)-\d{8}-\d{6}-\d+")
_TAIL = 64 * 1024
"""Bytes of a log that are read for its last lines."""


@dataclass(frozen=True)
class LocalRun:
    """A run by the name of its folder; of one that wrote no record, the record says `unknown`."""

    name: str
    folder: Path
    record: RunRecord


def local_runs(root: Path, *, skip: int = 0, limit: int = 20) -> list[LocalRun]:
    """The newest `limit` runs below `root`, but for `skip` of them; none where there is no such folder."""
    return [_run(folder) for folder in _folders(root)[skip : skip + limit]]


def count(root: Path) -> int:
    """How many runs there are below `root`."""
    return len(_folders(root))


def local_run(root: Path, name: str) -> LocalRun | None:
    """The run of that name; None where there is none. A name is never a path."""
    found = [folder for folder in _folders(root) if folder.name == name]
    return _run(found[0]) if found else None


def last_lines(run: LocalRun, step: RecordedStep, most: int = 20) -> list[str]:
    """What a step said last, without what KFP and others say around it."""
    log = run.folder / "logs" / f"{step.name}.log"
    if not log.resolve().is_relative_to(run.folder.resolve()):
        return []
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip() and not is_noise(line)][-most:]


def report(run: LocalRun, kind: str) -> Path | None:
    """The page of that kind which a run has made, None where it has not; the kinds are REPORTS."""
    found = sorted(run.folder.glob(REPORTS[kind])) if kind in REPORTS else []
    return found[0] if found and found[0].is_file() else None


REPORTS = {
    "evaluation": "*/evaluate/evaluation/report.html",
    "notebook": "*/evaluate/evaluation/notebook.html",
    "search": "*/search*/*/report.html",
}
"""Which pages a run may have made, by kind, as patterns below its folder."""


def figures(folder: Path) -> dict[str, Any]:
    """What a finished run came to: data, model, score, gate, release; see `of_run`. Empty where it failed."""
    try:
        found = of_run(folder)
    except Exception:  # noqa: BLE001  # half a run's files, of whatever version
        return {}
    return {name: value for name, value in found.items() if name not in {"run", "report", "provenance"}}


def of_run(run: Path) -> dict[str, Any]:
    """The facts of a finished run on this machine: data, model, score, gate, where things are.

    Of a pipeline that neither evaluates nor regresses and releases, its folder alone is known.
    """
    from pylib.evaluation.record import read_evaluation

    if regressed := next(run.glob("*/regress"), None):
        return _of_a_table(regressed)
    evaluation = next(run.glob("*/evaluate/evaluation"), None)
    released = next(run.glob("*/release/released"), None)
    if evaluation is None or released is None:
        return {"run": str(run)}
    judged = read_evaluation(evaluation)
    release = json.loads((released / "release.json").read_text(encoding="utf-8"))
    return {
        "data_commit": release["data_commit"],
        "model_sha256": release["digest"],
        judged.score: f"{judged.metrics[judged.score]:.3f} on {judged.items} test items",
        "gate": "passed" if judged.gate.passed else "failed",
        "release_commit": release["commit"] or f"none: {release['kept']}",
        "report": str(evaluation / "report.html"),
        "provenance": str(released / "provenance.intoto.jsonl"),
    }


def _of_a_table(regressed: Path) -> dict[str, Any]:
    """The facts of a run that ends with a regression: nothing is released, so nothing is asked."""
    from pylib.provenance.explain import explain_folder
    from pylib.tabular.judgement import TableEvaluation

    judged, model = TableEvaluation.read(regressed / "evaluation"), regressed / "model"
    return {
        "data_commit": explain_folder(model).data,
        "model_sha256": judged.model_digest,
        **{name: f"{value:.3f} on {judged.rows} test rows" for name, value in judged.metrics.items()},
        "gate": "passed" if judged.gate.passed else "failed",
        "model": str(model),
        "provenance": str(model / "provenance.intoto.jsonl"),
    }


def _folders(root: Path) -> Sequence[Path]:
    """Those of runs, the newest first: their names end with the time at which they began."""
    if not root.is_dir():
        return []
    found = [path for path in root.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()]
    return sorted(found, key=lambda path: path.name.rsplit("-", 3)[1:], reverse=True)


def _run(folder: Path) -> LocalRun:
    found = _NAME.fullmatch(folder.name)
    date, time = folder.name.rsplit("-", 3)[1:3]
    started = f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}"
    unknown = RunRecord(found[1] if found else folder.name, started, "unknown")
    return LocalRun(folder.name, folder, read(folder) or unknown)
