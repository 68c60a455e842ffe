"""What is kept of builds: several checks at once neither lose it nor stop one another."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from preflight.render import build_cache


def _keep(number: int) -> None:
    for each in range(40):
        build_cache.store(f"{number}-{each % 4}", {"number": number})


def test_checks_at_once_do_not_stop_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with ProcessPoolExecutor(4) as pool:
        assert list(pool.map(_keep, range(4))) == [None] * 4
    assert build_cache.load("3-1") == {"number": 3}
