"""Which models a repository serves, and which one is meant."""

from pathlib import Path

import pytest

from pylib.errors import ConfigurationError, ServingError
from pylib.serving.repository import MODELS, choose, manifest, served_models


def test_models_are_named_by_their_folders(tmp_path: Path) -> None:
    for name in ("segmentation", "breeds"):
        (tmp_path / manifest(name)).parent.mkdir(parents=True)
        (tmp_path / manifest(name)).touch()
    (tmp_path / MODELS / "README.md").touch()
    (tmp_path / MODELS / "empty/base").mkdir(parents=True)
    assert served_models(tmp_path) == ["breeds", "segmentation"]


def test_a_repository_without_models_says_how_one_comes_about(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match=r"has no cluster-conf/models/NAME/.*`pylib release`"):
        served_models(tmp_path)


def test_a_name_is_needed_where_there_are_several() -> None:
    assert choose(None, ["a"], "here") == choose("a", ["a", "b"], "here") == "a"
    with pytest.raises(ConfigurationError, match="here serves several models, name one of them: a, b"):
        choose(None, ["a", "b"], "here")
    with pytest.raises(ConfigurationError, match="here serves no model 'c'; there are: a, b"):
        choose("c", ["a", "b"], "here")
    with pytest.raises(
        ConfigurationError, match=r"here serves no model: it has no cluster-conf/models/NAME/"
    ):
        choose(None, [], "here")


def test_of_several_the_released_one_is_meant() -> None:
    assert choose(None, ["a", "b"], "here", ["b"]) == "b"
    assert choose("a", ["a", "b"], "here", ["b"]) == "a", "a name that is given counts"
    assert choose(None, ["a"], "here", []) == "a", "the only one is meant, released or not"


def test_where_nothing_is_released_of_several_the_way_to_a_model_is_said() -> None:
    wanted = "^here: nothing is released of a, b: release a model first$"
    with pytest.raises(ConfigurationError, match=wanted):
        choose(None, ["a", "b"], "here", [])


def test_of_several_that_are_released_a_name_is_asked_for_among_those() -> None:
    with pytest.raises(ConfigurationError, match=r"serves several models, name one of them: a, c$"):
        choose(None, ["a", "b", "c"], "here", ["a", "c"])
    with pytest.raises(ConfigurationError, match=r"name one of them: a, b$"):
        choose(None, ["a", "b"], "here", ["segmentation"])
