"""The files of a new component, and how they are written: all of them, or none."""

from pathlib import Path

from preflight.errors import ConfigurationError
from preflight.scaffold.templates import filled

CLUSTERS = "argocd-apps/overlays"


def made(
    tree: Path, name: str, image: str, upstream: str, secrets: tuple[tuple[str, tuple[str, ...]], ...]
) -> dict[str, str]:
    """The texts of the folder: a base, and an overlay for each cluster."""
    folder = f"cluster-conf/{name}"
    resources = [upstream] if upstream else ["workload.yaml"] if image else ["account.yaml"]
    texts = {f"{folder}/base/kustomization.yaml": filled("base.yaml", name=name, resources=resources)}
    if not upstream:
        only = resources[0]
        texts[f"{folder}/base/{only}"] = filled(only, name=name, image=image, secrets=secrets)
    for cluster in sorted(each.parent.name for each in (tree / CLUSTERS).glob("*/kustomization.yaml")):
        texts[f"{folder}/overlays/{cluster}/kustomization.yaml"] = filled("overlay.yaml")
    return texts


def write(tree: Path, texts: dict[str, str]) -> list[Path]:
    """Write each file, all beside their places first: a full disk leaves the checkout as it was.

    Returns their paths, relative to the checkout. Raises ConfigurationError where one cannot be written.
    """
    targets = [tree / file for file in texts]
    above = {parent for target in targets for parent in target.parents if not parent.exists()}
    beside = [target.with_name(f".{target.name}.new") for target in targets]
    try:
        for place, text in zip(beside, texts.values(), strict=True):
            _write(place, text)
    except BaseException:
        _clear(beside, above)
        raise
    for place, target in zip(beside, targets, strict=True):
        place.replace(target)
    return [Path(file) for file in texts]


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{place}: {error.strerror}; nothing was added") from error


def _clear(files: list[Path], folders: set[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
    for folder in sorted(folders, reverse=True):
        if folder.exists():
            folder.rmdir()
