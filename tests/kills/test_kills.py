"""A few kills of each; benchmarks/kills.py makes two hundred."""

import pytest

from tests.kills import commits, feedback, reviews, uploads

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("what", [uploads, reviews, feedback], ids=["uploads", "reviews", "feedback"])
def test_what_was_acknowledged_is_kept(tmp_path, what):
    killed = what.kill(tmp_path, times=2)
    assert killed.acknowledged
    assert killed.cut_off
    assert what.check(tmp_path, killed) >= len(killed.acknowledged)


def test_what_is_accepted_is_committed_once(tmp_path):
    killed = commits.kill(tmp_path, times=1, seed=7)
    assert killed.cut_off
    assert commits.check(tmp_path, killed) >= killed.cut_off
