"""Verb `explain`: from a model digest or a prediction id back to the images."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from pylib.errors import ProvenanceError
from pylib.provenance.answers import answer, in_words
from pylib.provenance.explain import Explanation, Step
from pylib.provenance.explain import explain as find
from pylib.provenance.materials import CODE
from pylib.settings import settings

SHOWN = 5
WIDTH = 160


def explain(
    what: Annotated[str, typer.Argument(help="a model digest, a prediction id, or a model folder")],
    images: Annotated[bool, typer.Option("--images", help="list every training image")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
) -> None:
    """Walk a model or an answer back to its images, checking every digest that can be reached."""
    from pylib.release.explained import check_data

    place = settings()
    explanation = find(what, artifacts=place.artifacts, predictions=place.predictions)
    failure = check_data(explanation, place.store)
    if as_json:
        print(json.dumps(explanation.as_dict(), indent=2))  # noqa: T201
    else:
        console = Console(highlight=False)
        console.width = max(console.width, WIDTH)  # a digest that is cut off is of no use
        console.print(_tree(explanation, every=images))
    if explanation.mismatches:
        first, more = explanation.mismatches[0], len(explanation.mismatches) - 1
        raise ProvenanceError(
            f"{first.name}: SHA-256 is {first.found or 'missing'}, the record says {first.recorded}"
            + (f", and {more} more" if more else "")
        )
    if failure:
        raise failure


def _tree(explanation: Explanation, *, every: bool) -> Tree:
    model = Tree(f"[bold]model {explanation.model}[/]{_served(explanation.model)}")
    for mismatch in explanation.mismatches:
        found = mismatch.found or "missing"
        model.add(f"[red]✗ {mismatch.name}: {found}, recorded {mismatch.recorded}[/]")
    for step in explanation.steps:
        _add(model, step)
    for step in explanation.others:
        _add(model, step, "the same model was made by ")
    _add_images(model, explanation, every=every)
    if explanation.prediction is None:
        return model
    prediction = explanation.prediction
    root = Tree(f"[bold]prediction {prediction['prediction_id']}[/] at {prediction['time']}")
    root.add(f"image sha256:{prediction['image_sha256']}")
    if predictor := prediction.get("predictor"):
        root.add(f"predictor {escape(predictor)}")
    if said := in_words(answer(prediction)):
        root.add(f"answer {escape(said)}")
    root.children.append(model)
    return root


def _served(digest: str) -> str:
    """Which Git commit serves this model, and as which; nothing where none that is released here is it."""
    from pylib.release.explained import serving

    served = serving(digest, settings())
    return f", served by Git commit {served[0]} as {served[1]}" if served else ""


def _add_images(root: Tree, explanation: Explanation, *, every: bool) -> None:
    wrong = {mismatch.name for mismatch in explanation.mismatches}
    checked = (
        f"{escape(explanation.unchecked)}: not checked" if explanation.unchecked else "every digest checked"
    )
    what = (
        f"{len(explanation.images)} training {explanation.kind}{'' if explanation.kind == 'table' else 's'}"
    )
    branch = root.add(f"[bold]{what}[/] of {explanation.data} ({checked})")
    for name, why in explanation.forgotten.items():
        branch.add(f"[yellow]{escape(name)}: {escape(why)}[/]")
    shown = explanation.images if every else explanation.images[:SHOWN]
    for image in shown:
        mark = "[red]✗[/] " if f"{explanation.data}:{image.id}" in wrong else ""
        branch.add(f"{mark}{image.id}  sha256:{image.sha256}")
    if len(shown) < len(explanation.images):
        branch.add(f"… and {len(explanation.images) - len(shown)} more: --images lists all")


def _add(root: Tree, step: Step, said: str = "") -> None:
    branch = root.add(f"{said}[bold]{step.step}[/] {step.started[:19]} ({step.seconds:.1f} s)")
    branch.add(f"code  git:{step.source}")
    for name, digest in step.inputs.items():
        branch.add(
            f"{name}  {digest}" + (f", {len(step.files)} files" if name == CODE and step.files else "")
        )
    for name, value in step.parameters.items():
        branch.add(f"[dim]{name} = {escape(json.dumps(_plain(value)))}[/]")


def _plain(value: Any) -> Any:
    """A value as a person gave it: KFP's messages know one kind of number, so 12 comes to a step as 12.0."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
