"""A good data set, and the makers of others."""

from pathlib import Path

import pytest

from tests.data.made import Folder, encode, noise, rings


class Make:
    """The makers, as one fixture."""

    noise = staticmethod(noise)
    rings = staticmethod(rings)
    encode = staticmethod(encode)
    Folder = Folder


@pytest.fixture
def make() -> type[Make]:
    return Make


@pytest.fixture
def good(tmp_path: Path) -> Folder:
    """Forty good pairs, which reach every split."""
    folder = Folder(tmp_path / "good")
    for number in range(40):
        folder.put(f"item_{number:02}", seed=number)
    return folder
