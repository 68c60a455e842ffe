"""report.html: one self-contained page with the gate's lines, the figures and the predictions to look at."""

from collections.abc import Sequence
from typing import NamedTuple

import jinja2
import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.pictures import error_picture, mask_picture, picture
from pylib.evaluation.record import Evaluation, Example
from pylib.palette import class_colour


class Panel(NamedTuple):
    """One test image beside its truth and its prediction: uint8 [S,S,3] and class indices uint8 [S,S]."""

    example: Example
    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


def render(evaluation: Evaluation, panels: Sequence[Panel]) -> str:
    """Return the page; it refers to nothing outside itself, and the same input gives the same text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pylib", "evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        evaluation=evaluation,
        colours=[class_colour(index) for index in range(len(evaluation.classes))],
        rows=_row_shares(evaluation),
        panels=[_pictures(panel) for panel in panels],
    )


def _row_shares(evaluation: Evaluation) -> list[list[float | None]]:
    """Return each true class's pixels by predicted class as shares of 1; None where there are none."""
    return [[count / sum(row) if sum(row) else None for count in row] for row in evaluation.confusion]


def _pictures(panel: Panel) -> dict[str, object]:
    wrong = panel.truth != panel.prediction
    return {
        "example": panel.example,
        "image": picture(panel.image),
        "truth": mask_picture(panel.truth),
        "prediction": mask_picture(panel.prediction),
        "errors": error_picture(panel.image, wrong),
        "wrong_share": float(wrong.mean()),
    }
