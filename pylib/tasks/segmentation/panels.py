"""What the report of a segmentation shows beside the metrics: its charts, and images with their errors."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.class_metrics import row_shares
from pylib.evaluation.pictures import error_picture, mask_picture, picture
from pylib.palette import class_colour
from pylib.tasks.segmentation.details import Details, Example


class Panel(NamedTuple):
    """One test image beside its truth and its prediction: uint8 [S,S,3] and class indices uint8 [S,S]."""

    example: Example
    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


def context(details: Details, panels: Sequence[Panel]) -> dict[str, object]:
    """Return what report.html.j2 is given."""
    return {
        "details": details,
        "colours": [class_colour(index) for index in range(len(details.classes))],
        "rows": row_shares(details.confusion),
        "panels": [_pictures(panel) for panel in panels],
    }


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
