"""What the report of a segmentation shows beside the metrics: its charts, and images with their errors."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.class_metrics import row_shares
from pylib.evaluation.pictures import error_picture, mask_picture, picture
from pylib.palette import HATCHING, class_colour
from pylib.tasks.segmentation.details import Details, Example, Suspect
from pylib.tasks.segmentation.ignored import counted


class Panel(NamedTuple):
    """One test image beside its truth and its prediction: uint8 [S,S,3] and class indices uint8 [S,S].

    The truth may have pixels that are IGNORED.
    """

    example: Example
    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


class SuspectPanel(NamedTuple):
    """The same of one whose mask may be wrong."""

    example: Suspect
    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


def context(
    details: Details,
    panels: Sequence[Panel],
    ignored: float = 0.0,
    suspects: Sequence[SuspectPanel] = (),
) -> dict[str, object]:
    """Return what report.html.j2 is given; ignored: the share of the test pixels that is, in [0,1]."""
    return {
        "details": details,
        "colours": [class_colour(index) for index in range(len(details.classes))],
        "rows": row_shares(details.confusion),
        "panels": [_pictures(panel, len(details.classes)) for panel in panels],
        "suspects": [_pictures(panel, len(details.classes)) for panel in suspects],
        "ignored": ignored,
        "hatching": HATCHING,
    }


def _pictures(panel: Panel | SuspectPanel, classes: int) -> dict[str, object]:
    counts = counted(panel.truth, classes)
    wrong = (panel.truth != panel.prediction) & counts
    return {
        "example": panel.example,
        "image": picture(panel.image),
        "truth": mask_picture(panel.truth, counts),
        "prediction": mask_picture(panel.prediction),
        "errors": error_picture(panel.image, wrong, counts),
        "wrong_share": float(wrong.sum() / counts.sum()),
    }
