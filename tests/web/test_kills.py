"""A few kills of the page; benchmarks/kills.py makes two hundred."""

import pytest

from tests.web.killing import check, kill

pytestmark = pytest.mark.slow


def test_what_was_acknowledged_is_kept(tmp_path):
    sent = kill(tmp_path, times=4)
    assert sent.acknowledged
    assert sent.cut_off
    assert check(tmp_path, sent) >= len(sent.acknowledged)
