"""What a step made again, held against its record: which file differs first, and where in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pylib.evaluation.record import FILE as EVALUATION_FILE
from pylib.evaluation.record import REPORT, read_evaluation
from pylib.provenance.digests import manifest
from pylib.reproduction.evaluation import Difference as EvaluationDifference
from pylib.reproduction.evaluation import compare
from pylib.reproduction.recorded import RecordedStep

HISTORY_FILE = "history.json"
WEIGHTS = "weights_sha256"
Histories = tuple[dict[str, Any], dict[str, Any]]
_VIEWS = {REPORT}
"""Pages made of a file beside them, which is what is compared."""


@dataclass(frozen=True)
class Difference:
    """A file of a step's output that is not as recorded; `where`: the first place in it, where known."""

    step: str
    file: str
    recorded: str | None
    rebuilt: str | None
    where: str = ""

    def __str__(self) -> str:
        """In one line."""
        if self.rebuilt is None:
            return f"step {self.step}: {self.file} was not made"
        if self.recorded is None:
            return f"step {self.step}: {self.file} is not in the record"
        digests = f"SHA-256 {self.rebuilt[:12]}, recorded {self.recorded[:12]}"
        return (
            f"step {self.step}: {self.file} {f'({self.where}; {digests})' if self.where else f'({digests})'}"
        )


def differences(step: RecordedStep, outputs: Path, kept: Path) -> list[Difference]:
    """Every file that differs, those that explain the others first.

    outputs: where the step's folders are; kept: the model's folder, which has some of the recorded files
    """
    found = [each for output, files in step.outputs.items() for each in _files(step, output, files, outputs)]
    explained = [
        said
        for each in found
        if Path(each.file).name not in _VIEWS and (said := _explained(each, step, outputs, kept))
    ]
    return sorted(explained, key=lambda each: not each.where)


def _files(step: RecordedStep, output: str, files: Mapping[str, str], outputs: Path) -> list[Difference]:
    rebuilt = manifest(outputs / output)
    return [
        Difference(step.label, f"{output}/{path}", files.get(path), rebuilt.get(path))
        for path in sorted(files.keys() | rebuilt.keys())
        if files.get(path) != rebuilt.get(path)
    ]


def _explained(difference: Difference, step: RecordedStep, outputs: Path, kept: Path) -> Difference | None:
    """The same with the first place in the file; None where what differs there is no other result.

    A history of the same run may tell of another machine, which is a circumstance, and an evaluation may
    differ by as much as processors do.
    """
    name = Path(difference.file).name
    if name == HISTORY_FILE and (both := histories(step, outputs, kept)):
        where = first_difference(*both)
        return replace(difference, where=where) if where else None
    if name == EVALUATION_FILE and (values := evaluation_differences(step, outputs, kept)):
        beyond = [each for each in values if not each.within]
        return replace(difference, where=str(beyond[0])) if beyond else None
    return difference


def histories(step: RecordedStep, outputs: Path, kept: Path) -> Histories | None:
    """The recorded and the new history of training; None of a step that has none."""
    for output, files in step.outputs.items():
        old, new = kept / HISTORY_FILE, outputs / output / HISTORY_FILE
        if HISTORY_FILE in files and old.is_file() and new.is_file():
            return json.loads(old.read_text(encoding="utf-8")), json.loads(new.read_text(encoding="utf-8"))
    return None


def first_difference(recorded: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> str:
    """Where two histories of training part: a hyper-parameter, else the first epoch; empty if nowhere."""
    old, new = recorded.get("config", {}), rebuilt.get("config", {})
    for name in old:
        if old[name] != new.get(name):
            return f"{name} was {old[name]} in training, and is {new.get(name)} by the record of the step"
    of = next((name for name in (WEIGHTS, "epochs") if recorded.get(name) and rebuilt.get(name)), "epochs")
    old, new = recorded.get(of, []), rebuilt.get(of, [])
    for epoch, (was, now) in enumerate(zip(old, new, strict=False), start=1):
        if was != now:
            return f"the weights differ from epoch {epoch} of {len(old)}"
    return f"{len(new)} epochs, recorded {len(old)}" if len(old) != len(new) else ""


def evaluation_differences(step: RecordedStep, outputs: Path, kept: Path) -> list[EvaluationDifference]:
    """The values of a rebuilt evaluation that are not the recorded ones; of another step, none."""
    for output, files in step.outputs.items():
        old, new = kept / output / EVALUATION_FILE, outputs / output / EVALUATION_FILE
        if EVALUATION_FILE in files and old.is_file() and new.is_file():
            return compare(read_evaluation(old), read_evaluation(new))
    return []
