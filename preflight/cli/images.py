"""Verb `images`: our images by digest."""

from rich.console import Console

from preflight.cli.options import HERE, Tree


def images(tree: Tree = HERE) -> None:
    """Ask the registry for the digest of every image of ours, and write it wherever the image is named."""
    from preflight.platform import image_lock as ours

    resolved = {stage: ours.resolve(reference) for stage, reference in ours.locked(tree).items()}
    for file in ours.write(tree, resolved):
        Console().print(f"wrote {file.relative_to(tree)}")
    Console().print("Now: pylib compile, and commit.")
