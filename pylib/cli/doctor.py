"""Verb `doctor`: what is present, what is missing, and what each thing is for."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pylib import INSTRUCTIONS, processor
from pylib.errors import ConfigurationError
from pylib.provenance.materials import ROOT


@dataclass(frozen=True)
class Check:
    """One thing that the repository may need: is it here, what is it for, how to get it."""

    name: str
    found: str | None
    purpose: str
    required: bool
    remedy: str


def doctor(as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False) -> None:
    """Say what is present, what is missing and what for; exit 1 where something required is missing."""
    checks = [*_environments(), *_commands(), *_addresses(), *_bucket(), *_cluster(), _disk()]
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=2))  # noqa: T201
    else:
        Console().print(_table(checks))
    missing = [check for check in checks if check.required and not check.found]
    if missing:
        raise ConfigurationError("; ".join(f"{check.name} is missing: {check.remedy}" for check in missing))


def _table(checks: list[Check]) -> Table:
    table = Table("", "what", "found", "what for", box=None, pad_edge=False)
    for check in checks:
        mark = "[green]✓[/]" if check.found else "[red]✗[/]" if check.required else "[yellow]·[/]"
        found = check.found or f"[dim]{check.remedy}[/]"
        table.add_row(mark, check.name, found, check.purpose)
    return table


def _environments() -> list[Check]:
    python = sys.version.split()[0]
    serving = ROOT / ".venv-serve" / "bin" / "python"
    return [
        Check("python", python, "everything", required=True, remedy="install Python 3.11 or 3.12"),
        _processor(),
        *[
            Check(name, _version(name), purpose, required=True, remedy="./environments.sh train")
            for name, purpose in (
                ("keras", "training, on TensorFlow"),
                ("kfp", "pipelines, here and on a cluster"),
                ("onnxruntime", "evaluation of the exported model"),
                ("mlflow-skinny", "the log of every training run"),
            )
        ],
        Check(
            "seldon-core",
            _run([str(serving), "-c", "import importlib.metadata as m; print(m.version('seldon-core'))"]),
            "serving, in .venv-serve",
            required=True,
            remedy="./environments.sh serve",
        ),
    ]


def _processor() -> Check:
    """What models need to be the same, bit for bit, as those of other machines."""
    lack = processor.shortfall()
    return Check(
        INSTRUCTIONS,
        None if lack else f"{processor.best_instructions()}, {processor.model_name()}",
        "the same model as on other machines",
        required=False,
        remedy=lack,
    )


def _commands() -> list[Check]:
    return [
        Check("git", _run(["git", "--version"]), "releases", required=True, remedy="install git"),
        Check("make", shutil.which("make"), "the verbs: make help", required=False, remedy="install make"),
        Check("kubectl", shutil.which("kubectl"), "a cluster", required=False, remedy="only for a cluster"),
        Check(
            "kustomize",
            shutil.which("kustomize") or shutil.which("kubectl"),
            "preflight validate, diff",
            required=False,
            remedy="install it, or kubectl, which has it inside",
        ),
        *[
            Check(name, shutil.which(name), purpose, required=False, remedy=f"only for {purpose}")
            for name, purpose in (
                ("helm", "the charts in validate"),
                ("docker", "make up"),
                ("kind", "make up"),
            )
        ],
        Check(
            "nvidia-smi", shutil.which("nvidia-smi"), "GPUs", required=False, remedy="training uses the CPU"
        ),
    ]


def _addresses() -> list[Check]:
    from pylib.runners.connection import FORWARD

    purposes = {
        "KF_PIPELINES_ENDPOINT": (
            "pylib run … --cluster",
            f"not set: runs stay on this machine; for a cluster, `{FORWARD}` and http://localhost:8888",
        ),
        "PACHD_ADDRESS": ("data in Pachyderm", "not set: data stays in out/store"),
        "MLFLOW_TRACKING_URI": ("a shared MLflow server", "not set: SQLite in out/"),
    }
    return [
        Check(name, os.environ.get(name), purpose, required=False, remedy=remedy)
        for name, (purpose, remedy) in purposes.items()
    ]


def _bucket() -> list[Check]:
    """Ask the bucket that holds the data, where one does."""
    from pylib.errors import NotFoundError, StoreError
    from pylib.settings import settings
    from pylib.store.opening import open_store

    url, found, remedy = settings().store, None, ""
    if not url.startswith("s3://"):
        return []
    try:
        found = f"{url}: {len(open_store(url).list_repositories())} repositories"
    except NotFoundError:
        found = f"{url}: no commit yet"
    except StoreError as error:
        remedy = str(error)
    return [Check("PYLIB_STORE", found, "data in a bucket", required=True, remedy=remedy)]


def _cluster() -> list[Check]:
    """The way to the pipelines of a cluster, where one is named: each stage is needed then."""
    if not os.environ.get("KF_PIPELINES_ENDPOINT"):
        return []
    from pylib.runners import connectivity

    return [
        Check(stage.name, stage.found, stage.purpose, required=stage.required, remedy=stage.remedy)
        for stage in connectivity.walk(connectivity.needed(ROOT))
    ]


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Check(
        "disk",
        f"{free:.0f} GB free" if free > 2 else None,  # noqa: PLR2004 (GB; a run on the pets takes 0.3)
        "runs, caches and models in ./out",
        required=True,
        remedy=f"only {free:.1f} GB free; make room",
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _run(command: list[str]) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
