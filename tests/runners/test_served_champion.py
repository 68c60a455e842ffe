"""`--champion served`: the digest that Git serves; without it a run says that nothing is compared."""

import pytest

from pylib.runners import checks, pipelines
from pylib.runners.served_champion import with_champion
from tests.release.conftest import bare_machine, commit_all, judged, promote, source

__all__ = ["bare_machine", "commit_all", "judged", "promote", "source"]


@pytest.fixture
def here(tmp_path, monkeypatch, source):
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    monkeypatch.setenv("PYLIB_RELEASE_REPOSITORY", str(tmp_path / "gitops"))
    monkeypatch.setenv("PYLIB_RELEASE_SOURCE", str(source))


@pytest.mark.parametrize("pipeline", ["segmentation", "segmentation_search"])
def test_it_becomes_the_digest_of_what_git_serves_under_the_name_that_the_pipeline_releases_to(
    here, promote, pipeline
):
    digest = promote("first").digest
    given, said = with_champion(pipeline, {"data": "sample@master", "champion": "served"})
    assert (given, said) == ({"data": "sample@master", "champion": digest}, [])
    if pipeline == "segmentation":
        assert checks.checked(pipelines.load(pipeline), given)["champion"] == digest


def test_where_nothing_is_served_it_is_none_and_that_is_said(here):
    given, said = with_champion("segmentation", {"champion": "served"})
    assert given == {"champion": ""}
    assert said == ["nothing is served as segmentation yet, so there is no champion to beat"]


def test_a_run_beside_a_served_model_says_that_it_does_not_compare(here, promote):
    assert with_champion("segmentation", {}) == ({}, [])
    digest = promote("first").digest
    given, (line,) = with_champion("segmentation", {})
    assert given == {}
    assert line.startswith(f"{digest[:12]} is served as segmentation: --champion served")
    assert with_champion("segmentation", {"champion": digest}) == ({"champion": digest}, [])


def test_a_pipeline_that_compares_nothing_says_nothing(here):
    assert with_champion("tabular", {}) == ({}, [])
