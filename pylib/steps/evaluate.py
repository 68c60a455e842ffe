"""Step "evaluate": a model on the test split, with the report that people read."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pylib.data.dataset import DatasetIndex
from pylib.data.needs import need
from pylib.errors import ConfigurationError
from pylib.provenance.materials import ROOT
from pylib.provenance.step import File, Input, Output, Result, step
from pylib.settings import settings
from pylib.store.artifacts import MODEL_FILE, ArtifactStore
from pylib.tasks.task import find

if TYPE_CHECKING:
    from pylib.evaluation.champion import Champion


def _task(*, shards: Path, **_: object) -> str:
    from pylib.data.shards import ShardIndex

    return ShardIndex.read(shards).task


@step(cached=True, task=_task)
def evaluate(
    shards: Input,
    model: Input,
    evaluation: Output,
    gate: Input,
    *,
    champion: str = "",
    robustness: bool = False,
    notebook: File = "",
) -> Result:
    """Judge the exported model against the gate file; returns the metrics by name.

    champion: digest of the released model that it is set beside; empty for none
    robustness: whether images are changed as well; a gate that asks for it has it done
    notebook: what the report is to be; empty for the page alone
    """
    from pylib.data.shards import ShardIndex
    from pylib.evaluation.evaluate import evaluate as judge
    from pylib.evaluation.gate import read_gate

    limits = read_gate(gate, find(ShardIndex.read(shards).task))
    with _released(champion) as beside:
        report = Path(notebook) if notebook else None
        found = judge(shards, model, evaluation, limits, beside, robustness=robustness, notebook=report)
        return dict(found.metrics)


@contextmanager
def _released(digest: str) -> Iterator["Champion | None"]:
    """The released model of that digest, fetched for the time being; StoreError where it cannot be."""
    from pylib.evaluation.champion import Champion

    if not digest:
        yield None
        return
    store = ArtifactStore(settings().artifacts)
    if not store.has_model(digest):
        yield Champion(digest, None)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / MODEL_FILE
        file.write_bytes(store.get_file(f"models/{digest}/{MODEL_FILE}"))
        yield Champion(digest, file)


def evaluate_and_show(
    shards: Path,
    model: Path,
    evaluation: Path,
    *,
    html: Path,
    pipeline: str,
    champion: str = "",
    robustness: bool = False,
    notebook: bool = False,
) -> Result:
    """The step with the gate of a pipeline, and a copy of its report where the dashboard looks for a page."""
    from pylib.evaluation.gate import gate_file

    gate = gate_file(ROOT, pipeline)
    metrics = evaluate(
        shards,
        model,
        evaluation,
        gate,
        champion=champion,
        robustness=robustness,
        notebook=str(ROOT / "notebooks" / "report.ipynb") if notebook else "",
    )
    html.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(evaluation / "report.html", html)
    return metrics


def check_parameters(task: str, pipeline: str, champion: str) -> None:
    """What the step would say of its gate and of the champion's digest, before anything runs."""
    if champion and not re.fullmatch(r"[0-9a-f]{64}", champion):
        raise ConfigurationError(f"champion {champion!r}: give a model's digest, 64 hexadecimal digits")
    from pylib.evaluation.gate import gate_file, read_gate

    read_gate(gate_file(ROOT, pipeline), find(task))


def check_data(index: DatasetIndex, task: str, pipeline: str) -> str:
    """The same of a data set: images to be judged on, the classes that the gate asks for.

    Returns what is no fault but will be: fewer images than the gate asks for.
    """
    from pylib.evaluation.gate import check_classes, gate_file, read_gate, too_few

    need(index, "test")
    path = gate_file(ROOT, pipeline)
    gate = read_gate(path, find(task))
    check_classes(gate, index.class_names, path)
    return too_few(gate, len(index.split("test")))
