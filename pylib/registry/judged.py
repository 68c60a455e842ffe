"""What the registry keeps of a judged model, whatever was judged: a model of images, or of a table.

Which one it is, the file of the evaluation says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylib.errors import GateError, ReleaseError
from pylib.evaluation import record
from pylib.evaluation.champion import read_comparison
from pylib.evaluation.gate import hold_again, measured
from pylib.provenance.reproduced import is_reproduced
from pylib.registry.folder import EVALUATION
from pylib.registry.parameters import parameters, read_history
from pylib.release.message import gate_line
from pylib.release.release import check
from pylib.tabular import coefficients, judgement

if TYPE_CHECKING:
    from pylib.training.checkpoints import History


@dataclass(frozen=True)
class JudgedModel:
    """What was measured of a model, and how it was made.

    served: whether a model server has an answer by such models
    failed: why it does not pass, empty where it does; kept: why it was not released by itself, empty else
    score: the metric that it is known by, as in `mean_iou 0.914`; gate: its checks in one line
    values: what a gate could ask for, by name; parameters: what the training was given; epochs: its course
    """

    served: bool
    failed: str
    kept: str
    score: str
    gate: str
    values: Mapping[str, float | None]
    parameters: Mapping[str, Any]
    epochs: "History"


def read_judged(folder: Path, digest: str) -> JudgedModel:
    """Read it from the folder that `assemble` made of the model of that digest; raises PylibError."""
    there = (read for name, read in _READERS.items() if (folder / EVALUATION / name).is_file())
    return next(there, _image_model)(folder, digest)


def check_served(evaluation: Path) -> None:
    """Raise ReleaseError where a folder judges a model of a kind that nothing serves."""
    if (evaluation / judgement.FILE).is_file() and not (evaluation / record.FILE).is_file():
        raise ReleaseError(
            f"{evaluation / judgement.FILE} judges a model of a table, and nothing serves such a model: the "
            "pipeline has registered it, `pylib models list` has it"
        )


def _image_model(folder: Path, digest: str) -> JudgedModel:
    evaluation = record.read_evaluation(folder / EVALUATION)
    beside, failed = read_comparison(folder / EVALUATION), ""
    try:
        check(evaluation, digest, folder / EVALUATION, folder)
    except GateError as error:
        failed = str(error).partition("; the model is kept")[0]
    history = read_history(folder)
    return JudgedModel(
        served=True,
        failed=failed,
        kept=beside.reason if beside else "",
        score=_score(evaluation.score, evaluation.metrics),
        gate=gate_line(evaluation.gate),
        values=measured(evaluation),
        parameters=parameters(folder, history),
        epochs=history.get("epochs", []),
    )


def _table_model(folder: Path, digest: str) -> JudgedModel:
    judged = judgement.TableEvaluation.read(folder / EVALUATION)
    judged.require(digest, folder / EVALUATION)
    failures = list(map(str, hold_again(judged.gate, judged.values(), digest).failures))
    if judged.gate.reproduced and not is_reproduced(folder, digest):
        failures.append("it was not rebuilt bit for bit, which its gate asks for")
    return JudgedModel(
        served=False,
        failed=f"model {digest[:12]}: {'; '.join(failures)}" if failures else "",
        kept="",
        score=_score(judgement.SCORE, judged.metrics),
        gate=gate_line(judged.gate),
        values=judged.values(),
        parameters=coefficients.given(folder) | {"table": judged.table, "target": judged.target},
        epochs=[],
    )


_READERS: Mapping[str, Callable[[Path, str], JudgedModel]] = {
    record.FILE: _image_model,
    judgement.FILE: _table_model,
}


def _score(name: str, metrics: Mapping[str, float]) -> str:
    return f"{name} {metrics[name]:.4g}"
