"""The log of answers at a place: found by id, read since a time, and pruned by day."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pylib.errors import StoreError
from pylib.store.request_log import IMAGES, RECORDS, empty, find_record, image, key, prune, records

TODAY = date(2026, 11, 30)
ID = "4ee2f166-285c-461e-af32-62820c74203{}"


def written(folder: Path, kind: str, day: date, name: str, text: str) -> Path:
    path = folder / key(kind, day, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def record(number: int, day: date) -> str:
    time = datetime(day.year, day.month, day.day, 12, number, tzinfo=UTC)
    return json.dumps({"prediction_id": ID.format(number), "time": time.isoformat()}) + "\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three days, a batch of two records each, and an image; and a file that is not of the log."""
    for ago in range(3):
        day = TODAY - timedelta(days=ago)
        written(tmp_path, RECORDS, day, "120000-a.jsonl", record(2 * ago, day) + record(2 * ago + 1, day))
        written(tmp_path, IMAGES, day, f"{ago}" * 64, "image")
    (tmp_path / "notes.txt").write_text("mine")
    return tmp_path


def test_an_answer_is_found_by_its_id_in_a_folder_and_in_a_file(log: Path, tmp_path: Path) -> None:
    found = find_record(log.as_uri(), ID.format(3))
    assert found is not None
    assert found["time"].startswith("2026-11-29T12:03")
    file = tmp_path / "predictions.jsonl"
    file.write_text(record(0, TODAY) + record(3, TODAY))
    assert find_record(str(file), ID.format(3)) == json.loads(record(3, TODAY))
    for place in (log.as_uri(), str(file), str(tmp_path / "none.jsonl"), (tmp_path / "none").as_uri()):
        assert find_record(place, ID.format(9)) is None


def test_a_place_where_nothing_is_logged_is_empty(log: Path, tmp_path: Path) -> None:
    assert not empty(log.as_uri())
    for place in (str(tmp_path / "none.jsonl"), (tmp_path / "none").as_uri()):
        assert empty(place)


def test_records_come_newest_day_first_and_since_a_time(log: Path) -> None:
    assert [each["prediction_id"][-1] for each in records(log.as_uri())] == list(
        "014523".replace("4523", "2345")
    )
    since = datetime(2026, 11, 29, 12, 3, tzinfo=UTC)
    assert [each["prediction_id"][-1] for each in records(log.as_uri(), since)] == list("013")


def test_an_image_is_found_by_its_day(log: Path) -> None:
    assert image(log.as_uri(), "1" * 64, TODAY - timedelta(days=1)) == b"image"
    assert image(log.as_uri(), "1" * 64, TODAY) is None


def test_days_that_are_over_are_deleted_and_nothing_else(log: Path) -> None:
    assert prune(log.as_uri(), 1, TODAY) == 2
    assert {each["prediction_id"][-1] for each in records(log.as_uri())} == set("0123")
    assert image(log.as_uri(), "2" * 64, TODAY - timedelta(days=2)) is None
    assert prune(log.as_uri(), 1, TODAY) == 0
    assert prune(log.as_uri(), 0, TODAY) == 2
    assert (log / "notes.txt").read_text() == "mine"


def test_one_file_is_shortened_with_the_images_beside_it(log: Path) -> None:
    file = log / "predictions.jsonl"
    file.write_text("".join(record(ago, TODAY - timedelta(days=ago)) for ago in range(3)) + "{\n")
    assert prune(str(file), 1, TODAY) == 2
    assert file.read_text() == record(0, TODAY) + record(1, TODAY - timedelta(days=1)) + "{\n"
    assert len(list((log / IMAGES).rglob("1" * 64))) == 1
    assert not list((log / IMAGES).rglob("2" * 64))
    assert not list(log.glob(".*"))
    assert prune(str(file), 1, TODAY) == 0
    assert prune(str(log / "none.jsonl"), 1, TODAY) == 0


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    written(tmp_path, RECORDS, TODAY, "120000-a.jsonl", record(0, TODAY) + "{\n")
    with pytest.raises(StoreError, match=r"120000-a\.jsonl:2 is no JSON"):
        list(records(tmp_path.as_uri()))


def test_the_same_in_a_bucket(s3) -> None:
    import obstore

    from pylib.store.objects import open_url

    url = "s3://data/log"
    for ago in range(2):
        day = TODAY - timedelta(days=ago)
        obstore.put(open_url(url), key(RECORDS, day, "120000-a.jsonl"), record(ago, day).encode())
    found = find_record(url, ID.format(1))
    assert found is not None
    assert prune(url, 0, TODAY) == 1
    assert find_record(url, ID.format(1)) is None
