"""A store in the loopback server's bucket, and its objects as somebody else may change them."""

import obstore

from pylib.store.bucket import BucketStore
from pylib.store.objects import Objects
from tests.store.s3 import BUCKET

URL = f"s3://{BUCKET}/team"


def opened():
    """The store as another process sees it."""
    return BucketStore(URL)


def put(name, data):
    obstore.put(Objects(URL)._store, name, data)


def delete(name):
    Objects(URL).delete([name])


def names(s3, prefix=""):
    return sorted(name for name in s3.content() if name.startswith(f"team/{prefix}"))
