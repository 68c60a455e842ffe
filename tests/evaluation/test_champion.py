"""What is decided of a model beside the champion, by measures that a test writes down."""

import numpy as np
import pytest

from pylib.evaluation.bootstrap import paired
from pylib.evaluation.champion import Comparison, _decided


def share(total):
    return total[..., 0] / total.sum(axis=-1)


@pytest.mark.parametrize(("items", "better"), [(1, False), (30, True)])
def test_one_item_beats_no_champion_and_is_written_down(items: int, better: bool) -> None:
    ours, theirs = np.array([[9, 1]] * items), np.array([[5, 5]] * items)
    known = {"champion": "a" * 64, "score": "mean_iou", "items": items}
    found = _decided(known, ours, theirs, share, paired(ours, theirs, share))
    assert found.better is better
    assert Comparison.model_validate_json(found.dumps()) == found
    assert ("too few to tell from chance on 1 test items" in found.reason) is not better
