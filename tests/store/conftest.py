"""An S3 server on the loopback for the stores in a bucket, and the variables that name it."""

import pytest

from tests.store.s3 import serving


@pytest.fixture
def s3(monkeypatch):
    with serving() as server:
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield server
