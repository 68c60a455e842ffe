"""A small pachd of one's own for each test that asks for it."""

import pytest

from pylib.store.opening import open_store
from tests.store.standin import serving


@pytest.fixture
def standin():
    with serving() as (held, _):
        yield held


@pytest.fixture
def store(standin):
    return open_store(f"pachd://{standin.address}")
