"""Prints the tags of upstream's repositories that the cluster `local` needs, `OWNER/NAME TAG` a line each."""

from pathlib import Path

from preflight.render.cluster import Render, render

ROOT = Path(__file__).parents[2]


def tags(made: Render) -> set[str]:
    """Every `OWNER/NAME@TAG` that an object of the render comes from."""
    return {each.origin.file.partition(":")[0] for each in made.resources if each.origin.upstream}


if __name__ == "__main__":
    for upstream in sorted(tags(render(ROOT, "local"))):
        print(*upstream.split("@"))  # noqa: T201
