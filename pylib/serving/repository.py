"""Where a repository keeps what it serves, by the names of the models."""

from collections.abc import Sequence
from pathlib import Path

from pylib.errors import ConfigurationError, ServingError

MODELS = Path("cluster-conf/models")
"""A folder a served model, named as the pipeline that makes it."""

SERVER = Path("cluster-conf/components/served-model/server.yaml")
"""A JSON patch with what all of them have: the server, its pods and how many."""


FORMER_NAME, FORMER = "segmentation", Path("cluster-conf/model/base/seldondeployment.yaml")
"""The one model of before they had names: read for one version more, until a release brings it over."""


def manifest(name: str) -> Path:
    """Where the SeldonDeployment of that name is; a release is a commit that changes this file."""
    return MODELS / name / "base" / "seldondeployment.yaml"


def kustomization(name: str) -> Path:
    """What is installed with it; a canary changes this file too."""
    return manifest(name).with_name("kustomization.yaml")


def served_models(repository: Path) -> list[str]:
    """The models that a working tree has a folder for; raises ServingError where there is none."""
    found = sorted(path.parts[-3] for path in repository.glob(manifest("*").as_posix()))
    if not found and (repository / FORMER).is_file():
        return [FORMER_NAME]
    if not found:
        raise ServingError(f"{repository} has no {manifest('NAME')}: run the pipeline, or `pylib release`")
    return found


def located(repository: Path, name: str) -> Path:
    """Where the SeldonDeployment of that name is in a working tree, or should be if it is not there."""
    path = repository / manifest(name)
    former = name == FORMER_NAME and not path.exists() and (repository / FORMER).is_file()
    return repository / FORMER if former else path


def choose(name: str | None, names: Sequence[str], place: object, likely: Sequence[str] | None = None) -> str:
    """The name, if there is such a model in that place; None is the only one. Raises ConfigurationError.

    Of several, None is the one that is `likely`, such as the released one; an empty list says that none is.
    """
    there = ", ".join(names)
    if not names:
        raise ConfigurationError(f"{place} serves no model: it has no {manifest(name or 'NAME')}; commit one")
    if name is None and len(names) > 1:
        return _likely(names, place, likely)
    if name is not None and name not in names:
        raise ConfigurationError(f"{place} serves no model {name!r}; there are: {there}")
    return name or names[0]


def _likely(names: Sequence[str], place: object, likely: Sequence[str] | None) -> str:
    if likely is not None and not likely:
        raise ConfigurationError(f"{place}: nothing is released of {', '.join(names)}: release a model first")
    found = [name for name in names if name in (likely or ())]
    if len(found) != 1:
        raise ConfigurationError(
            f"{place} serves several models, name one of them: {', '.join(found or names)}"
        )
    return found[0]
