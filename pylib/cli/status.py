"""Verb `status`: the newest run in one short table: data, model, figures, gate, answer, where things are."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pylib.errors import PipelineError
from pylib.provenance.answers import answer, find_prediction, in_words
from pylib.settings import settings

ANSWER = "answer.json"
"""Where run_e2e.sh keeps what `predict --json` said, in the output folder."""

CLUSTER = "cluster-run.json"
"""Where `run --cluster` keeps the newest run, there too."""


def status(as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False) -> None:
    """Show the newest run: data commit, model, score, gate, answer and its latency, report and provenance.

    Of a run on a cluster: how far it is, the seconds of its steps, and what Kubeflow Pipelines adds.
    """
    output = settings().output
    facts = on_cluster(output) if _is_newer(output / CLUSTER, output / "latest") else newest(output)
    if as_json:
        print(json.dumps(facts, indent=2))  # noqa: T201
        return
    show(facts)


def on_cluster(output: Path) -> dict[str, Any]:
    """The facts of the newest run that was started on a cluster from here."""
    from pylib.runners import history

    return history.newest(output)[1]


def _is_newer(file: Path, other: Path) -> bool:
    """Whether the file is there, and newer than what a link names, where that is there."""
    return file.is_file() and (not other.exists() or file.stat().st_mtime > other.lstat().st_mtime)


def newest(output: Path) -> dict[str, Any]:
    """The facts of the newest run below an output folder, and what its model was asked last."""
    from pylib.runners import runs

    run = (output / "latest").resolve()
    if not run.is_dir():
        raise PipelineError(f"{output}: no finished run in it; start one with ./run_e2e.sh or `pylib run`")
    facts = runs.of_run(run)
    return facts | _answer(output, facts.get("model_sha256", "")) | _outdated(output)


def show(facts: dict[str, Any]) -> None:
    """Print facts, one a line."""
    for name, value in facts.items():
        print(f"{name.replace('_', ' '):<15} {value}")  # noqa: T201


def _outdated(output: Path) -> dict[str, Any]:
    """What is served here where Git names something else; nothing where they agree."""
    from pylib.release.running import outdated
    from pylib.serving import local

    folders = sorted(file.parent for file in (output / "serving").glob("*/server.json"))
    running = {folder.name: server for folder in folders if (server := local.running(folder))}
    said = [outdated(settings(), name, server.url) for name, server in running.items()]
    return {"served": "; ".join(filter(None, said))} if any(said) else {}


def _answer(output: Path, digest: str) -> dict[str, Any]:
    """What this model was asked last, and what the log of predictions has of the answer."""
    path = output / ANSWER
    if not path.is_file():
        return {}
    asked = json.loads(path.read_text(encoding="utf-8"))
    if asked.get("model_digest") != digest:
        return {}  # another model's: a run came after it, and nobody has asked yet
    logged = find_prediction(settings().predictions, asked["prediction_id"]) or {}
    milliseconds = f"in {1000 * asked['latency_seconds']:.0f} ms"
    said = in_words(answer(logged))
    return {
        "answer": f"{said}; {milliseconds}" if said else milliseconds,
        "prediction": asked["prediction_id"],
    }
