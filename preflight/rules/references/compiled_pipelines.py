"""The compiled pipelines against their definitions, and against what the cluster has.

What a step names, Kubeflow Pipelines looks for only when that step starts, hours into a run perhaps.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from katib.experiment import value_at
from preflight.findings import Problem, Problems
from preflight.platform import access, image_lock
from preflight.platform.bringing import POD_MAKERS, bringing_anywhere
from preflight.platform.present import bringing_it, fault, present
from preflight.platform.reach import Reach
from preflight.registry import remark, rule
from preflight.render.cluster import Render, Unchecked, every_pod
from preflight.render.pods import Container, containers
from preflight.render.resources import Place
from preflight.rules.security.image_versions import OTHERS

FOLDER = "pipelines/compiled"
SECONDS = 120
# Run with the checkout's own code: the files that are not what their definition compiles to.
COMPARE = """
import json
from pylib.runners import pipelines
made = [item for name in pipelines.names() for item in pipelines.compiled(name).items()]
print(json.dumps([str(file) for file, text in made if not file.is_file() or file.read_bytes() != text]))
"""
# Where a step's Kubernetes settings name an object: its kind, the name's parameter, the keys taken from it.
SETTINGS = {
    "secretAsEnv": ("Secret", "secretNameParameter", "secretKey"),
    "secretAsVolume": ("Secret", "secretNameParameter", ""),
    "configMapAsEnv": ("ConfigMap", "configMapNameParameter", "configMapKey"),
    "configMapAsVolume": ("ConfigMap", "configMapNameParameter", ""),
    "pvcMount": ("PersistentVolumeClaim", "pvcNameParameter", ""),
    "imagePullSecret": ("Secret", "secretNameParameter", ""),
}
# The account that steps run as: a setting of Kubeflow Pipelines' API server.
RUNNER = "DEFAULTPIPELINERUNNERSERVICEACCOUNT"
Named = tuple[str, str, str, str]  # kind, name, key, field


@rule("stale-pipeline", "a cluster runs the compiled file, and nobody sees that the definition has moved on")
def stale_pipeline(render: Render) -> Problems:
    """Every compiled pipeline is what its definition compiles to now."""
    if not _comparable(render.tree):
        return
    done = subprocess.run(
        [sys.executable, "-c", COMPARE],
        cwd=render.tree,
        env={**os.environ, "PYTHONPATH": str(render.tree.resolve()), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        yield Problem(_pipeline("pipelines"), "", f"a definition does not compile: {reason}")
        return
    for file in json.loads(done.stdout.splitlines()[-1]):
        path = Path(file).relative_to(render.tree.resolve()).as_posix()
        message = "it is not what its definition compiles to; run `pylib compile`, and commit"
        yield Problem(_pipeline(path), "", message)


@rule(
    "dangling-pipeline-reference",
    "a step that names what is not there fails in the middle of a run, or waits for it",
)
def dangling_pipeline_reference(render: Render) -> Problems:
    """Everything that a compiled pipeline names is in the render, where pipelines run."""
    files = sorted((render.tree / FOLDER).glob("*.yaml"))
    there = _There(render)
    for file in files:
        for kind, name, key, field in _named(file):
            message = there.fault(kind, name, key)
            told = key and there.fault(kind, name)
            if message and not told:
                path = file.relative_to(render.tree).as_posix()
                cause = message if kind != "image" else OTHERS if there.is_ours(name) else f"image {name}"
                yield Problem(_pipeline(path), field, message, cause, there.bringing(kind, name))
    for container in _containers(render) if files else ():
        for index, variable in enumerate(container.body.get("env") or []):
            runs = variable.get("name") == RUNNER and variable.get("value")
            message = there.fault("ServiceAccount", str(variable.get("value"))) if runs else ""
            if message:
                field = f"{container.field}.env[{index}].value"
                yield Problem(
                    container.pod.resource,
                    field,
                    f"for steps {message}",
                    unless=there.bringing("ServiceAccount", ""),
                )


@remark
def not_compared(render: Render) -> Iterator[Unchecked]:
    """That the compiled pipelines could not be compared."""
    if any((render.tree / FOLDER).glob("*.yaml")) and not _comparable(render.tree):
        reason = (
            "not compared with their definitions: that takes a whole checkout, and kfp (pylib[pipelines])"
        )
        yield Unchecked("pipelines", reason)


def _comparable(tree: Path) -> bool:
    whole = all((tree / folder).is_dir() for folder in ("pylib", "components", "pipelines"))
    return whole and importlib.util.find_spec("kfp") is not None


def _pipeline(file: str) -> Place:
    return Place("pipelines", f"Pipeline {Path(file).stem}", file)


class _There:
    """What a step may name: images, and what is in the namespace where pipelines run."""

    def __init__(self, render: Render) -> None:
        record = access.recorded(render.tree)
        locked = image_lock.locked(render.tree).values() if (render.tree / image_lock.LOCK).is_file() else ()
        self.render = render
        self.owners = tuple({f"{image.rpartition('/')[0]}/" for image in locked})
        self.images = {*locked, *(container.image for container in _containers(render))}
        self.namespace = record.account.namespace if record else ""
        self.present = present(render)

    def fault(self, kind: str, name: str, key: str = "") -> str:
        """What is wrong with a name; empty where nothing is, or where nobody can say."""
        if kind == "image":
            told = f"{name} is neither in images.lock nor in the render; run `pylib compile`"
            return "" if name in self.images else told
        return fault(self.present, kind, self.namespace, name, key) if self.namespace else ""

    def is_ours(self, image: str) -> bool:
        """Whether an image is of those that images.lock has, if perhaps of another version."""
        return image.startswith(self.owners)

    def bringing(self, kind: str, name: str) -> list[Reach]:
        """Which applications, not rendered, may bring it: another's image too; ours are in images.lock."""
        if kind != "image":
            return bringing_it(self.render, kind, self.namespace)
        return [] if self.is_ours(name) else bringing_anywhere(self.render, POD_MAKERS)


def _containers(render: Render) -> Iterator[Container]:
    return (container for pod in every_pod(render) for container in containers(pod))


def _named(file: Path) -> Iterator[Named]:
    """What the steps of a package name, with the field."""
    for document in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
        for name, executor in (value_at(document, "deploymentSpec.executors") or {}).items():
            field = f"deploymentSpec.executors.{name}.container.image"
            yield "image", str(value_at(executor, "container.image")), "", field
        inside = "platforms.kubernetes.deploymentSpec.executors"
        for name, executor in (value_at(document, inside) or {}).items():
            yield from _settings(executor, f"{inside}.{name}")


def _settings(executor: Any, inside: str) -> Iterator[Named]:
    for setting, (kind, parameter, key) in SETTINGS.items():
        for index, each in enumerate(executor.get(setting) or []):
            name = value_at(each, f"{parameter}.runtimeValue.constant")
            # A name that a run is given, or a step makes, is known only then.
            if name and not each.get("optional"):
                field = f"{inside}.{setting}[{index}]"
                yield kind, name, "", f"{field}.{parameter}"
                for at, item in enumerate(each.get("keyToEnv") or []):
                    yield kind, name, str(item.get(key)), f"{field}.keyToEnv[{at}].{key}"
