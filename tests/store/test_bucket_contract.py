"""The contract of a store, kept by the one in a bucket: on a server on the loopback, and on a real one if there."""

import os
import uuid

import pytest

from pylib.store.protocol import open_store
from tests.store.contract import StoreContract
from tests.store.s3 import BUCKET


class TestBucketStore(StoreContract):
    @pytest.fixture
    def store(self, s3, tmp_path):
        return open_store(f"s3://{BUCKET}/{tmp_path.name}")

    @pytest.fixture
    def repository(self):
        return "pets"


if os.environ.get("STORE_TEST_URL"):

    class TestRealBucket(StoreContract):
        @pytest.fixture
        def store(self):
            return open_store(f"{os.environ['STORE_TEST_URL']}/{uuid.uuid4().hex}")

        @pytest.fixture
        def repository(self):
            return "pets"

else:

    def test_a_real_bucket():
        pytest.skip("STORE_TEST_URL is not set: the contract is not checked in a real bucket")
