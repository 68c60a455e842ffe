"""What the report of a classification shows beside the metrics: its charts, and images with their answers."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.class_metrics import row_shares
from pylib.evaluation.pictures import picture
from pylib.tasks.classification.details import Details, Example, Rank

_TITLES: dict[Rank, str] = {
    "suspect": "Is the label right? Another class is as likely as it is of its own images",
    "confident": "Wrong, and most sure of it",
    "worst": "Wrong, with the least probability for the truth",
    "unsure": "Right, and least sure of it",
}


def context(
    details: Details,
    panels: Sequence[tuple[Example, NDArray[np.uint8]]],
    answered: Mapping[str, float],
) -> dict[str, object]:
    """Return what report.html.j2 is given; a panel is an example and its image, uint8 [S,S,3].

    answered: `answered` and, where anything is, `precision_answered`, at the model's threshold
    """
    asks = details.confidence_threshold > 0 and "precision_answered" in answered
    at = (answered["answered"], answered["precision_answered"]) if asks else None
    shown = {example.id for example, _ in panels if example.rank == "suspect"}
    more = [example.id for example in details.suspects if example.id not in shown]
    return {
        "details": details,
        "coverage": [(point.answered, point.precision) for point in details.coverage],
        "at": at,
        "counts": {name: sum(row) for name, row in zip(details.classes, details.confusion, strict=True)},
        "rows": row_shares(details.confusion),
        "groups": [
            (
                title,
                [(example, picture(image)) for example, image in panels if example.rank == rank],
                more if rank == "suspect" else [],
            )
            for rank, title in _TITLES.items()
            if any(example.rank == rank for example, _ in panels)
        ],
    }
