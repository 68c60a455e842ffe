"""The contract of a store, kept by the one in a bucket: on the loopback, and in a real one if there is."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from pylib.store.bucket_fsck import fsck
from pylib.store.opening import open_store
from tests.store.contract import StoreContract
from tests.store.s3 import BUCKET


class BucketContract(StoreContract):
    """What concerns the server beside: several writers at once, none of which may lose what it was told."""

    @pytest.fixture
    def repository(self):
        return "pets"

    def test_writers_at_once_all_land(self, store, repository):
        def write(number):
            mine = open_store(store.objects.url)
            return [mine.commit(repository, {f"{number}/{n}": b""}, mode="add").id for n in range(3)]

        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(write, range(8)))
        log = list(reversed(store.log(repository)))
        ids = [each.id for each in log]
        assert sorted(ids) == sorted(id_ for mine in made for id_ in mine)
        assert [each.files for each in log] == list(range(1, 25))
        for mine in made:
            assert [each for each in ids if each in mine] == mine
        assert fsck(store).problems == []

    def test_replacing_writers_lose_no_commit(self, store, repository):
        def write(number):
            return open_store(store.objects.url).commit(repository, {"a": b"%d" % number}).id

        with ThreadPoolExecutor(6) as pool:
            made = list(pool.map(write, range(6)))
        assert sorted(each.id for each in store.log(repository)) == sorted(made)


class TestBucketStore(BucketContract):
    @pytest.fixture
    def store(self, s3, tmp_path):  # noqa: ARG002 (the server)
        return open_store(f"s3://{BUCKET}/{tmp_path.name}")


if os.environ.get("ARTIFACT_TEST_URL", "").startswith("s3://"):

    class TestRealBucket(BucketContract):
        @pytest.fixture
        def store(self):
            return open_store(f"{os.environ['ARTIFACT_TEST_URL']}/{uuid.uuid4().hex}")

else:

    def test_a_real_bucket():
        pytest.skip("ARTIFACT_TEST_URL names no s3:// bucket: the contract is not checked in a real one")
