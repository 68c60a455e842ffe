"""One profile for every property: a machine that does other work beside is no reason to fail."""

import pylib  # isort: skip  # noqa: F401 - before numpy, which reads once what it may compute with

import signal
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


LONGEST = (
    "models/test_backbones.py",
    "reproduction/test_rebuilding.py",
    "test_e2e.py",
    "test_e2e_classification.py",
    "training/test_workers.py",
    "provenance/test_closure_of_a_run.py",
    "test_notebooks.py",
    "registry/test_kills.py",
)
"""Files of minutes, the longest first: begun last, one of them would be waited for with a core idle."""


def pytest_collection_modifyitems(items):
    """Begin with the longest files, where xdist would begin with those of most tests."""
    here = Path(__file__).parent
    first = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


@pytest.fixture
def s3(monkeypatch):
    """An S3 server on the loopback with a bucket `data`, and the variables that a user sets for it."""
    from tests.store.s3 import serving

    with serving() as server:
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield server


def pytest_configure():
    """A shell lets what it starts in the background ignore Ctrl-C; the commands that tests start must not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
