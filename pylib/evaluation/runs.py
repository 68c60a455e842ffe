"""Evaluations that the runs of an output folder left: the newest one of a task or a data set, to look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pylib.errors import PylibError
from pylib.evaluation.record import FILE, Evaluation, read_evaluation
from pylib.provenance import statement as records
from pylib.provenance.digests import BUNDLE
from pylib.provenance.origin import data_commit

_STAMP = len("20261129-205750-321482")  # how the folder of a run ends; before it is the pipeline's name


@dataclass(frozen=True)
class FoundEvaluation:
    """An evaluation, its folder, and the folder of the run that made it."""

    evaluation: Evaluation
    folder: Path
    run: Path

    def __str__(self) -> str:
        """Read like `segmentation-20261129-…: model 1f322a388058, 35 test items of sample@7abd33dfe195`."""
        repository, at, commit = self._data.partition("@")
        data, judged = f"{repository}{at}{commit[:12]}", self.evaluation
        return f"{self.run.name}: model {judged.model_digest[:12]}, {judged.items} test items of {data}"

    @property
    def _data(self) -> str:
        bundle = records.read_bundle(self.folder) if (self.folder / BUNDLE).is_file() else []
        return data_commit(bundle) or self.evaluation.dataset


def newest(output: Path, *, task: str | None = None, dataset: str | None = None) -> FoundEvaluation | None:
    """The newest evaluation below an output folder, refused models' too; None where no run left one.

    task, dataset: of which it must be, as `classification` and `inks`; None takes any
    Other pipelines' runs, as of a table, are passed over: `latest` may name one of those.
    """
    return next(
        (
            each
            for each in _newest_first(output / "runs")
            if task in {None, each.evaluation.task} and dataset in {None, each.evaluation.dataset}
        ),
        None,
    )


def _newest_first(runs: Path) -> Iterator[FoundEvaluation]:
    for run in sorted(runs.glob("*"), key=lambda run: run.name[-_STAMP:], reverse=True):
        for file in run.glob(f"*/evaluate/evaluation/{FILE}"):
            try:
                yield FoundEvaluation(read_evaluation(file), file.parent, run)
            except PylibError:  # of another version, or half written: not what is looked for
                continue
