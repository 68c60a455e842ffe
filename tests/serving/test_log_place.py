"""The real server logging to a folder by URL: all that it answered is there once it has ended."""

import hashlib
from pathlib import Path

import pytest

from pylib.provenance.answers import find_prediction
from pylib.serving import local
from pylib.serving.client import Client
from pylib.serving.deployment import SeldonDeployment
from pylib.store.request_log import IMAGES, image, records
from tests.serving.conftest import Photograph

pytestmark = pytest.mark.slow


def test_what_was_answered_is_logged_when_the_server_is_told_to_end(
    tmp_path: Path, deployment: SeldonDeployment, artifacts: str, photograph: Photograph, monkeypatch
) -> None:
    monkeypatch.setenv("PREDICTION_LOG_IMAGES", "true")
    place = (tmp_path / "log").as_uri()
    server = local.start(
        deployment, artifacts=artifacts, folder=tmp_path / "server", port=0, predictions=place
    )
    try:
        with Client(server.url) as client:
            asked = {
                client.predict(photograph(seed)).tags["prediction_id"]: photograph(seed) for seed in range(20)
            }
    finally:
        local.stop(tmp_path / "server")
    assert {each["prediction_id"] for each in records(place)} == asked.keys()
    for prediction_id, data in asked.items():
        record = find_prediction(place, prediction_id)
        assert record is not None
        assert record["image_sha256"] == hashlib.sha256(data).hexdigest()
        assert record["predictor"] == "default"
    (day,) = {path.parent for path in (tmp_path / "log" / IMAGES).rglob("*") if path.is_file()}
    assert len(list(day.iterdir())) == 20
    assert image(place, record["image_sha256"], _day(record["time"])) == data


def _day(time: str):
    from datetime import datetime

    return datetime.fromisoformat(time).date()
