"""Which code a release names: that which trained the model, whatever the checkout holds by then."""

from datetime import UTC, datetime

import pytest

from pylib.errors import ConfigurationError
from pylib.provenance.materials import ROOT, source
from pylib.provenance.statement import Definition, build_statement, write_bundle
from pylib.steps.release import _git_commit, check_parameters


def recorded(folder, step, commit, *, clean):
    at = datetime(2026, 11, 28, tzinfo=UTC)
    made = build_statement(
        Definition(step, {}, ()), [{"name": "model", "digest": {"sha256": "0" * 64}}], at, at
    )
    for resource in made["predicate"]["buildDefinition"]["resolvedDependencies"]:
        if resource["name"] == "git":
            resource |= {"digest": {"gitCommit": commit}, "annotations": {"clean": clean}}
    folder.mkdir()
    write_bundle(folder, [made])
    return folder


@pytest.mark.parametrize(("clean", "said"), [(True, "c" * 40), (False, "c" * 40 + "-dirty")])
def test_the_commit_is_the_train_steps(tmp_path, clean, said):
    assert _git_commit(recorded(tmp_path / "model", "train", "c" * 40, clean=clean)) == said


def test_without_such_a_record_it_is_the_checkouts(tmp_path):
    model = recorded(tmp_path / "model", "prepare", "c" * 40, clean=True)
    assert _git_commit(model).startswith(source()["digest"]["gitCommit"])


def test_a_name_that_nothing_serves_is_refused_before_anything_is_trained(monkeypatch):
    monkeypatch.delenv("PYLIB_RELEASE_SOURCE", raising=False)
    check_parameters("segmentation")
    with pytest.raises(
        ConfigurationError, match=f"{ROOT} .its HEAD. serves no model 'cats'; there are: classification, segm"
    ):
        check_parameters("cats")


def test_a_repository_that_is_elsewhere_is_not_asked(monkeypatch):
    monkeypatch.setenv("PYLIB_RELEASE_SOURCE", "https://git.example.org/images.git")
    check_parameters("cats")


def test_a_machine_without_git_may_still_submit(monkeypatch):
    monkeypatch.delenv("PYLIB_RELEASE_SOURCE", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    check_parameters("cats")
