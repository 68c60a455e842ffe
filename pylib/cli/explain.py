"""Verb `explain`: from a model digest or a prediction id back to the images."""

import json
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.tree import Tree

from pylib.errors import ProvenanceError, StoreError
from pylib.provenance.explain import Explanation, Step, check_images
from pylib.provenance.explain import explain as find
from pylib.settings import settings

SHOWN = 5
WIDTH = 160


def explain(
    what: Annotated[str, typer.Argument(help="a model digest, a prediction id, or a model folder")],
    images: Annotated[bool, typer.Option("--images", help="list every training image")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
) -> None:
    """Walk a model or an answer back to its images, checking every digest that can be reached."""
    place = settings()
    explanation = find(what, artifacts=place.artifacts, predictions=place.predictions)
    reached = _check_data(explanation)
    if as_json:
        print(json.dumps(explanation.as_dict(), indent=2))  # noqa: T201
    else:
        console = Console(highlight=False)
        console.width = max(console.width, WIDTH)  # a digest that is cut off is of no use
        console.print(_tree(explanation, every=images, reached=reached))
    if explanation.mismatches:
        first, more = explanation.mismatches[0], len(explanation.mismatches) - 1
        raise ProvenanceError(
            f"{first.name}: SHA-256 is {first.found or 'missing'}, the record says {first.recorded}"
            + (f", and {more} more" if more else "")
        )


def _check_data(explanation: Explanation) -> bool:
    """Compare the training images with their data commit; False where the store does not hold it."""
    try:
        lookup = _digests_in_commit(explanation.data)
    except StoreError:
        return False
    check_images(explanation, lookup)
    return True


def _digests_in_commit(data: str | None) -> Callable[[str], str | None]:
    import hashlib

    from pylib.data.dataset import DatasetIndex
    from pylib.store.protocol import CommitRef, open_store

    if data is None:
        raise StoreError("no data commit in the record")
    store, commit = open_store(settings().store), CommitRef.parse(data)
    index = DatasetIndex.model_validate_json(store.read(commit, "dataset.json"))
    paths = {item.id: item.image for item in index.items}

    def lookup(identifier: str) -> str | None:
        if identifier not in paths:
            return None
        try:
            return hashlib.sha256(store.read(commit, paths[identifier])).hexdigest()
        except StoreError:
            return None

    return lookup


def _tree(explanation: Explanation, *, every: bool, reached: bool) -> Tree:
    model = Tree(f"[bold]model {explanation.model}[/]{_served(explanation.model)}")
    for mismatch in explanation.mismatches:
        found = mismatch.found or "missing"
        model.add(f"[red]✗ {mismatch.name}: {found}, recorded {mismatch.recorded}[/]")
    for step in explanation.steps:
        _add(model, step)
    _add_images(model, explanation, every=every, reached=reached)
    if explanation.prediction is None:
        return model
    answer = explanation.prediction
    root = Tree(f"[bold]prediction {answer['prediction_id']}[/] at {answer['time']}")
    root.add(f"image sha256:{answer['image_sha256']}")
    root.children.append(model)
    return root


def _served(digest: str) -> str:
    """Which Git commit serves this model; nothing where another one, or none, is released here."""
    from pylib.errors import ReleaseError
    from pylib.release.release import released

    try:
        served = released(settings().release_repository)
    except ReleaseError:
        return ""
    return f", served by Git commit {served.commit}" if served.digest == digest else ""


def _add_images(root: Tree, explanation: Explanation, *, every: bool, reached: bool) -> None:
    wrong = {mismatch.name for mismatch in explanation.mismatches}
    checked = "every digest checked" if reached else "their data commit is not in this store: not checked"
    branch = root.add(f"[bold]{len(explanation.images)} training images[/] of {explanation.data} ({checked})")
    shown = explanation.images if every else explanation.images[:SHOWN]
    for image in shown:
        mark = "[red]✗[/] " if f"{explanation.data}:{image.id}" in wrong else ""
        branch.add(f"{mark}{image.id}  sha256:{image.sha256}")
    if len(shown) < len(explanation.images):
        branch.add(f"… and {len(explanation.images) - len(shown)} more: --images lists all")


def _add(root: Tree, step: Step) -> None:
    branch = root.add(f"[bold]{step.step}[/] {step.started[:19]} ({step.seconds:.1f} s)")
    branch.add(f"code  git:{step.source}")
    for name, digest in step.inputs.items():
        branch.add(f"{name}  {digest}")
    for name, value in step.parameters.items():
        branch.add(f"[dim]{name} = {json.dumps(value)}[/]")
