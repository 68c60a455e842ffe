"""The picture itself, as SVG: the same bytes for the same render."""

from collections import Counter

import jinja2

from preflight.graph.boxes import boxes, merged
from preflight.graph.layout import HEIGHT, WIDTH, layout
from preflight.graph.needs import essential, needs
from preflight.render.cluster import Render

# By project: the fill and the border of its boxes.
COLOURS = {"platform": ("#e8f1fb", "#3b6ea5"), "ml": ("#fdf1dc", "#b7791f")}
OTHERS = ("#edf2f7", "#4a5568")
ARROWS = {
    "definition": ("#3b6ea5", "", "its kinds of object"),
    "service": ("#b7472a", "6 4", "its service"),
    "namespace": ("#a0aec0", "2 4", "its namespace"),
}


def svg(render: Render) -> str:
    """Columns of waves, a box for each application, an arrow from what is needed to what needs it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("preflight", "graph"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    drawn = boxes(render)
    return environment.get_template("graph.svg.j2").render(
        cluster=render.cluster,
        layout=layout(drawn, essential(merged(needs(render), render))),
        counts=_counts(render, len(drawn)),
        colours={box.project: COLOURS.get(box.project, OTHERS) for box in drawn},
        arrows=ARROWS,
        box_width=WIDTH,
        box_height=HEIGHT,
    )


def _counts(render: Render, applications: int) -> str:
    kinds = Counter(resource.kind for resource in render.resources)
    definitions, objects = kinds["CustomResourceDefinition"], len(render.resources)
    missing = f", {len(render.unchecked)} not rendered" if render.unchecked else ""
    return f"{applications} applications, {objects} objects, {definitions} CRDs{missing}"
