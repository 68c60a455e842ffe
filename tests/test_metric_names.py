"""The names of metrics as people read them."""

import pytest

from pylib.metric_names import title


@pytest.mark.parametrize(
    ("metric", "read"), [("mean_iou", "mean IoU"), ("f1", "F1"), ("pixel_accuracy", "pixel accuracy")]
)
def test_acronyms_are_written_as_such(metric: str, read: str) -> None:
    assert title(metric) == read
