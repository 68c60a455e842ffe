"""The repository's pipelines by name, and their compiled form.

Pipelines are looked up at run time, never imported here: imports run from pipelines to pylib, not back.
"""

import hashlib
import importlib
import inspect
import sys
import tempfile
import typing
import warnings
from pathlib import Path
from typing import Any

from pylib.errors import PipelineError, did_you_mean, one_line
from pylib.provenance.materials import ROOT

FOLDER = ROOT / "pipelines"
COMPILED = FOLDER / "compiled"
KUBERNETES = COMPILED / "kubernetes"


def names() -> list[str]:
    """Every pipeline of the repository: the modules whose function has the module's name."""
    modules = (path for path in FOLDER.glob("*.py") if path.stem not in {"__init__", "placement"})
    return sorted(path.stem for path in modules)


def load(name: str) -> Any:
    """The KFP pipeline of that name; PipelineError where there is none."""
    if name not in names():
        near = did_you_mean(name, names()) or f"there are: {', '.join(names())}"
        raise PipelineError(f"pipeline {name!r}: not in {FOLDER}; {near}")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    file = FOLDER / f"{name}.py"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(importlib.import_module(f"pipelines.{name}"), name)
        except AttributeError as error:
            raise PipelineError(f"{file}: no function {name} in it ({error})") from error
        except Exception as error:  # whatever a file does as it is imported
            at = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
            reason = f"{type(error).__name__}: {one_line(error)}"
            raise PipelineError(f"{file}{at}: it cannot be loaded ({reason})") from error


def parameters(pipeline: Any) -> dict[str, Any]:
    """The pipeline's parameters with their defaults; `inspect.Parameter.empty` where one is required."""
    signature = inspect.signature(pipeline.pipeline_func)
    return {name: parameter.default for name, parameter in signature.parameters.items()}


def types(pipeline: Any) -> dict[str, type]:
    """The type of each of the pipeline's parameters."""
    signature = inspect.signature(pipeline.pipeline_func)
    said = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return {name: typing.get_origin(each) or each for name, each in said.items()}


def task(pipeline: Any) -> str:
    """The task whose data the pipeline takes: `TASK` of its file."""
    module = sys.modules[pipeline.pipeline_func.__module__]
    if not isinstance(found := getattr(module, "TASK", None), str):
        raise PipelineError(f"{module.__file__}: it has no TASK, the name of the task whose data it takes")
    return found


def released_as(pipeline: Any) -> str:
    """Under which name its models are served: `NAME` of its file, else its own."""
    module = sys.modules[pipeline.pipeline_func.__module__]
    return str(getattr(module, "NAME", pipeline.name))


def described(pipeline: Any) -> dict[str, str]:
    """What the pipeline's docstring says of each of its parameters."""
    parameters = pipeline.pipeline_spec.root.input_definitions.parameters
    return {name: " ".join(parameter.description.split()) for name, parameter in parameters.items()}


def specification(name: str) -> Any:
    """What a pipeline compiles to, as KFP's own message in a dict."""
    from google.protobuf import json_format

    return json_format.MessageToDict(load(name).pipeline_spec)


def compiled(name: str) -> dict[Path, bytes]:
    """What `pipelines/compiled/` must hold for a pipeline: its package, and its Kubernetes resources."""
    with tempfile.TemporaryDirectory() as folder:
        package, resources = Path(folder) / "package.yaml", Path(folder) / "resources.yaml"
        compile_pipeline(name, package)
        compile_resources(name, resources, version=hashlib.sha256(package.read_bytes()).hexdigest()[:10])
        return {
            COMPILED / f"{name}.yaml": package.read_bytes(),
            KUBERNETES / f"{name}.yaml": resources.read_bytes(),
        }


def compile_pipeline(name: str, target: Path) -> None:
    """Write the pipeline's package, as a run submits it: the same bytes for the same definition."""
    _compile(name, target)


def compile_resources(name: str, target: Path, version: str) -> None:
    """Write the `Pipeline` and its `PipelineVersion`, as Argo CD syncs them to a cluster.

    A cluster refuses to change the specification of a version that it has, so `version` is a digest of
    the package and becomes part of the name: a changed pipeline is a new version.
    """
    from kfp.compiler import KubernetesManifestOptions

    named = name.replace("_", "-")  # as Kubernetes allows it
    options = KubernetesManifestOptions(
        pipeline_name=named, pipeline_version_name=f"{named}-{version}", include_pipeline_manifest=True
    )
    _compile(name, target, kubernetes_manifest_format=True, kubernetes_manifest_options=options)


def _compile(name: str, target: Path, **options: Any) -> None:
    from kfp import compiler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.Compiler().compile(load(name), str(target), **options)
