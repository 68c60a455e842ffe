from pathlib import Path

import pytest

from pylib.errors import ConfigurationError
from pylib.tasks import aspects, task

RETURNS = {
    name: str(found.fget.__annotations__["return"])
    for name, found in vars(task.Task).items()
    if isinstance(found, property)
}
ASPECTS = {
    name: getattr(aspects, returns.removeprefix("aspects."))
    for name, returns in RETURNS.items()
    if returns.startswith("aspects.")
}


def test_the_default_is_a_task_that_there_is() -> None:
    assert task.find(task.DEFAULT).name in task.names()


@pytest.mark.parametrize("name", ["", "segmentatoin", "aspects", "task", "../tasks", "segmentation.checks"])
def test_what_is_no_task_is_one_line_that_names_those_there_are(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"there are: {', '.join(task.names())}$") as caught:
        task.find(name)
    assert "\n" not in str(caught.value)


def has(name: str, aspect: str) -> bool:
    """All tasks have all aspects, but for features and heads on them: those of whole images alone."""
    only = aspect in {"features", "heads"}
    return not only or (Path(task.__file__).parent / name / f"{aspect}.py").is_file()


@pytest.mark.parametrize(
    ("name", "aspect"),
    [(name, aspect) for name in task.names() for aspect in ASPECTS if has(name, aspect)],
)
def test_a_task_has_all_that_an_aspect_says(name: str, aspect: str) -> None:
    module = getattr(task.find(name), aspect)
    protocol = ASPECTS[aspect]
    wanted = {*vars(protocol), *protocol.__annotations__}
    wanted = {member for member in wanted if not member.startswith("_")}
    assert wanted
    assert wanted <= vars(module).keys()
    assert module.__name__.endswith(f"{name}.{aspect}")


def test_a_task_without_features_of_whole_images_says_so() -> None:
    assert has("classification", "features")
    assert has("classification", "heads")
    with pytest.raises(ConfigurationError, match="task segmentation: it has no features of whole images"):
        _ = task.find("segmentation").features
