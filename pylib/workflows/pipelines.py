"""The repository's pipelines by name, and their compiled form.

Pipelines are looked up at run time, never imported here: imports run from pipelines to pylib, not back.
"""

import importlib
import inspect
import sys
import warnings
from pathlib import Path
from typing import Any

from pylib.errors import PipelineError
from pylib.provenance.materials import ROOT

FOLDER = ROOT / "pipelines"
COMPILED = FOLDER / "compiled"


def names() -> list[str]:
    """Every pipeline of the repository: the modules whose function has the module's name."""
    modules = (path for path in FOLDER.glob("*.py") if path.stem not in {"__init__", "placement"})
    return sorted(path.stem for path in modules)


def load(name: str) -> Any:
    """The KFP pipeline of that name; PipelineError where there is none."""
    if name not in names():
        raise PipelineError(f"pipeline {name!r}: not in {FOLDER}; there are: {', '.join(names())}")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(importlib.import_module(f"pipelines.{name}"), name)


def parameters(pipeline: Any) -> dict[str, Any]:
    """The pipeline's parameters with their defaults; `inspect.Parameter.empty` where one is required."""
    signature = inspect.signature(pipeline.pipeline_func)
    return {name: parameter.default for name, parameter in signature.parameters.items()}


def check_arguments(pipeline: Any, arguments: dict[str, Any]) -> None:
    """Raise PipelineError for an argument that the pipeline does not have, or lacks."""
    known = parameters(pipeline)
    for name in arguments:
        if name not in known:
            raise PipelineError(
                f"pipeline {pipeline.name}: no parameter {name!r}; it has: {', '.join(known)}"
            )
    for name, default in known.items():
        if default is inspect.Parameter.empty and name not in arguments:
            raise PipelineError(f"pipeline {pipeline.name}: {name!r} is required; give --{name}")


def compile_pipeline(name: str, target: Path) -> None:
    """Write the pipeline as a cluster takes it: the same bytes for the same definition."""
    from kfp import compiler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.Compiler().compile(load(name), str(target))
