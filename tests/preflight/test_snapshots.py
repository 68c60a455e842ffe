"""What our own folders render to, kept in snapshots/: a change of a base shows where it arrives.

Where the difference is meant: with UPDATE_SNAPSHOTS=1 in the environment, this test
writes them again. What a release, a fork or a new build of an image changes is not in them.
"""

import os
import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.platform import image_lock
from preflight.render.cluster import Render
from preflight.render.resources import Resource
from tests.preflight.conftest import needs_kustomize

FOLDER = Path(__file__).parent / "snapshots"
APPLICATIONS = (
    "ml-user",
    "mlflow",
    "model-classification",
    "model-segmentation",
    "namespaces",
    "notebook",
    "retrain",
    "web",
)
# `pylib compile` writes these, and another test compares them with their definition.
COMPILED = "pipelines/compiled/"
# How kustomize ends the name of a ConfigMap that it makes: with a digest of its content.
GENERATED = re.compile(r"-[a-z0-9]{10}$")


@needs_kustomize
@pytest.mark.parametrize("cluster", ["gpu", "local"])
@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_folder_renders_as_it_did(renders: dict[str, Render], application: str, cluster: str) -> None:
    made = snapshot(renders, application, cluster)
    file = FOLDER / f"{application}-{cluster}.yaml"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(made)
    kept = file.read_text() if file.is_file() else ""
    lines = unified_diff(kept.splitlines(), made.splitlines(), "as it was", "as it is", n=2, lineterm="")
    if kept != made:
        pytest.fail("\n".join([f"{file.name}; {__doc__.splitlines()[2]}", *lines]), pytrace=False)


def test_no_snapshot_is_of_a_folder_that_is_gone() -> None:
    names = {f"{application}-{cluster}.yaml" for application in APPLICATIONS for cluster in ("gpu", "local")}
    assert {file.name for file in FOLDER.iterdir()} == names


def snapshot(renders: dict[str, Render], application: str, cluster: str) -> str:
    """The objects of an application; on gpu those only that differ from local's."""
    made = _objects(renders[cluster], application)
    same = _objects(renders["local"], application) if cluster == "gpu" else {}
    return yaml.safe_dump_all([body for name, body in sorted(made.items()) if same.get(name) != body])


def _objects(render: Render, application: str) -> dict[str, Any]:
    replaced = list(_replaced(render))
    return {
        str(resource): _without(_settled(resource), replaced)
        for resource in render.resources
        if resource.application == application and not resource.origin.file.startswith(COMPILED)
    }


def _replaced(render: Render) -> Iterator[tuple[str, str]]:
    """Texts that are others in a fork, or after a release, and what stands for them."""
    tree = render.tree
    settings = yaml.safe_load((tree / "cluster-conf/settings/settings.yaml").read_text())["data"]
    yield from ((settings[key], f"<{key}>") for key in ("repoURL", "host"))
    yield from ((reference, f"<image {stage}>") for stage, reference in image_lock.locked(tree).items())
    for each in render.of("ConfigMap"):
        if GENERATED.search(each.name):
            yield each.name, GENERATED.sub("-<digest>", each.name)


def _settled(resource: Resource) -> Any:
    """The object without what `pylib release` writes into it."""
    body = yaml.safe_load(yaml.safe_dump(resource.body))
    for predictor in body["spec"]["predictors"] if resource.kind == "SeldonDeployment" else ():
        for parameter in predictor["graph"]["parameters"]:
            parameter["value"] = "<release>"
    return body


def _without(body: Any, replaced: list[tuple[str, str]]) -> Any:
    if isinstance(body, dict):
        return {key: _without(value, replaced) for key, value in body.items()}
    if isinstance(body, list):
        return [_without(value, replaced) for value in body]
    for text, placeholder in replaced if isinstance(body, str) else ():
        body = body.replace(text, placeholder)
    return body
