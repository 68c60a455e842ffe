"""The places in which a log of answers may lie."""

import pytest

from tests.store.s3 import BUCKET


@pytest.fixture(params=["file", "folder", "bucket"])
def log(request, tmp_path):
    """A log that lies outside the output, as on a cluster."""
    if request.param == "bucket":
        request.getfixturevalue("s3")
        return f"s3://{BUCKET}/log"
    return str(tmp_path / "log/predictions.jsonl") if request.param == "file" else (tmp_path / "log").as_uri()
