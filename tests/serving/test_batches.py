"""Records on their way to a folder or a bucket: nothing is lost that could be written, nobody waits."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pylib.serving.batches import MAX_BYTES, Batches
from pylib.store.request_log import records

URL = "s3://data/log"


def lines(count: int) -> list[bytes]:
    record = '{{"prediction_id": "{}", "time": "2026-11-30T12:00:00+00:00"}}\n'
    return [record.format(number).encode() for number in range(count)]


def ids(place: str) -> list[int]:
    return sorted(int(each["prediction_id"]) for each in records(place))


def within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def test_a_full_batch_is_written_at_once_and_the_rest_at_the_end(tmp_path: Path) -> None:
    log = Batches(tmp_path.as_uri(), records=10)
    for line in lines(25):
        log.append(line)
    assert within(10, lambda: len(ids(tmp_path.as_uri())) == 20)
    log.close()
    assert ids(tmp_path.as_uri()) == list(range(25))
    assert len(list(tmp_path.rglob("*.jsonl"))) == 3
    assert log.dropped == 0


def test_a_batch_is_written_once_its_first_record_is_old(tmp_path: Path) -> None:
    log = Batches(tmp_path.as_uri(), seconds=0.3)
    log.append(lines(1)[0])
    assert within(10, lambda: ids(tmp_path.as_uri()) == [0])
    log.close()


def test_an_image_is_written_once_a_day(tmp_path: Path) -> None:
    log = Batches(tmp_path.as_uri())
    for _ in range(3):
        log.put_image("a" * 64, b"image")
    log.put_image("b" * 64, b"another")
    log.close()
    assert {path.name[0]: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == {
        "a": b"image",
        "b": b"another",
    }


def test_what_a_bucket_does_not_take_at_first_is_there_in_the_end_and_once(s3, monkeypatch) -> None:
    monkeypatch.setattr("pylib.serving.batches._WAIT", 0.1)
    failures = iter(["InternalError", "lost", None])  # refused; done, but the answer never comes
    s3.fault = lambda request: next(failures, None) if request.method == "PUT" else None
    log = Batches(URL, records=5)
    for line in lines(5):
        log.append(line)
    assert within(30, lambda: not log._sealed)
    log.close()
    assert ids(URL) == list(range(5))
    assert log.dropped == 0


def test_a_place_that_is_down_costs_a_bounded_memory_and_what_is_dropped_is_counted(s3) -> None:
    s3.fault = lambda _: "AccessDenied"
    record = b"x" * 1023 + b"\n"
    room = 64
    log = Batches(URL, records=10, bytes_=room * len(record))
    for _ in range(100):
        log.append(record)
    log.put_image("a" * 64, bytes(len(record)))
    assert log.dropped == 100 - room + 1
    log.close()
    assert log.dropped == 101, "at the end all of it"
    assert MAX_BYTES < 32 << 20


PROGRAM = """
import sys
from pylib.serving.batches import Batches
log = Batches(sys.argv[1])
for number in range(7):
    log.append(b'{"prediction_id": "%d", "time": "2026-11-30T12:00:00+00:00"}\\n' % number)
"""


def test_a_program_that_ends_without_a_word_has_written_all(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM, tmp_path.as_uri()], check=True, timeout=60)
    assert ids(tmp_path.as_uri()) == list(range(7))


def test_nobody_waits_for_a_port_that_takes_and_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setattr("pylib.serving.batches._END", 1.0)
        log = Batches(URL, records=1)
        for line in lines(50):
            log.append(line)  # would block here, were it the caller who writes
        log.close()
    assert log.dropped == 50
