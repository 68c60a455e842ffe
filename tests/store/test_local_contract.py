"""The contract of a store, kept by the local one."""

import pytest

from pylib.store.opening import open_store
from tests.store.contract import StoreContract


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return open_store((tmp_path / "a store").as_uri())

    @pytest.fixture
    def repository(self):
        return "pets"
