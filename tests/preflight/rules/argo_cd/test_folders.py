"""A folder is an application, at whatever depth its overlays are."""

from pathlib import Path

import pytest

from preflight.registry import RULES, run
from preflight.render.cluster import Render
from preflight.render.resources import Origin, Resource
from preflight.rules.argo_cd import folders  # noqa: F401  (registers its rules)

SET = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "ApplicationSet",
    "metadata": {"name": "work"},
    "spec": {"generators": [{"list": {"elements": []}}], "template": {}},
}


@pytest.mark.parametrize("component", ["web", "models/breeds"])
def test_an_overlay_that_no_set_lists_is_found(tmp_path: Path, component: str) -> None:
    folder = tmp_path / f"cluster-conf/{component}/overlays/local"
    folder.mkdir(parents=True)
    (tmp_path / f"cluster-conf/{component}/overlays/gpu").mkdir()
    sets = Resource("root", SET, Origin("argocd-apps/base/sets.yaml", upstream=False))
    (finding,) = run(Render("local", tmp_path, {}, [sets]), [RULES["folder-in-no-applicationset"]])
    assert finding.file == folder.relative_to(tmp_path).as_posix()
