"""What the step release says of a name before anything runs."""

import pytest

from pylib.errors import ConfigurationError
from pylib.provenance.materials import ROOT
from pylib.steps.release import check_parameters


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
