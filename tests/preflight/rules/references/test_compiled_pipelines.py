"""A compiled pipeline that is not what its definition compiles to, in a checkout of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.render.cluster import Render
from preflight.rules.references.compiled_pipelines import not_compared
from pylib.provenance.materials import ROOT
from tests.preflight.conftest import said

RenderOf = Callable[..., Render]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This repository's own code and pipelines, copied."""
    for folder in ("pylib", "components", "pipelines"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "images.lock", tmp_path)
    return tmp_path


def test_a_compiled_file_that_somebody_edited_is_found(checkout: Path, render_of: RenderOf) -> None:
    compiled = checkout / "pipelines/compiled/segmentation.yaml"
    compiled.write_text(compiled.read_text().replace("images-train:", "images-train:0.0.1-", 1))
    render = render_of("", tree=checkout)
    [finding] = said("stale-pipeline", render)  # so what is committed is current
    assert list(not_compared(render)) == []
    assert (finding.id, finding.file) == ("stale-pipeline", "pipelines/compiled/segmentation.yaml")
    assert finding.message.endswith("run `pylib compile`, and commit")


def test_a_definition_that_changed_is_found_in_all_that_it_compiles_to(
    checkout: Path, render_of: RenderOf
) -> None:
    definition = checkout / "pipelines/segmentation.py"
    changed = definition.read_text().replace('cpu="', 'cpu="1')
    assert changed != definition.read_text()
    definition.write_text(changed)
    found = [finding.file for finding in said("stale-pipeline", render_of("", tree=checkout))]
    assert found == [
        "pipelines/compiled/kubernetes/segmentation.yaml",
        "pipelines/compiled/segmentation.yaml",
        "pipelines/compiled/kubernetes/segmentation_search.yaml",
        "pipelines/compiled/segmentation_search.yaml",
    ]


def test_a_definition_that_does_not_compile_says_why(checkout: Path, render_of: RenderOf) -> None:
    (checkout / "pipelines/segmentation.py").write_text("import nothing_of_that_name\n")
    [finding] = said("stale-pipeline", render_of("", tree=checkout))
    assert finding.message.startswith("a definition does not compile: ")
    assert "pipelines/segmentation.py: it cannot be loaded (ModuleNotFoundError: " in finding.message


def test_without_the_definitions_it_is_told_that_nothing_was_compared(
    checkout: Path, render_of: RenderOf
) -> None:
    shutil.rmtree(checkout / "components")
    render = render_of("", tree=checkout)
    assert list(said("stale-pipeline", render)) == []
    [note] = not_compared(render)
    assert note.application == "pipelines"
