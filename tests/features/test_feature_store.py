"""A table keeps rows with their bits, whoever writes at once, is killed, or alters a file."""

import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.features import feature_store, filling
from pylib.features.compute import BATCH
from pylib.features.feature_store import FeatureTable
from pylib.features.segments import decode, encode
from tests.features.rows import KEY, WIDTH, Network, images, row
from tests.store.s3 import BUCKET

ROOT = Path(__file__).resolve().parents[2]


def fill(artifacts: str, asked: dict[bytes, np.ndarray]) -> tuple[int, Network]:
    """Fill, hold every row to the bits that it has without a store; how many were computed, and by what."""
    network = Network()
    rows, computed = filling.fill(asked, FeatureTable(artifacts, KEY), lambda: network, WIDTH)
    assert {key: found.tobytes() for key, found in rows.items()} == {
        key: row(image).tobytes() for key, image in asked.items()
    }
    return computed, network


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("features/*/*.npy"))


@pytest.fixture(params=["folder", "bucket"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return (tmp_path / "artifacts").as_uri()
    request.getfixturevalue("s3")
    return f"s3://{BUCKET}/team/artifacts"


def test_what_is_added_is_computed_and_nothing_else(artifacts: str) -> None:
    assert fill(artifacts, images(90))[0] == 90
    computed, network = fill(artifacts, images(90))
    assert (computed, network.seen) == (0, [])
    assert fill(artifacts, images(190))[0] == 100
    assert fill(artifacts, images(40, first=60))[0] == 0


def test_another_key_is_another_table(artifacts: str) -> None:
    fill(artifacts, images(3))
    for change in ({"code": "c" * 64}, {"weights": None}, {"machine": "SSE41"}, {"sample_bits": 12}):
        other = FeatureTable(artifacts, KEY.model_copy(update=change))
        assert not other.find(images(3), WIDTH)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=20, unique=True), st.randoms())
def test_the_same_rows_are_the_same_segment_in_any_order(places: list[int], chance: random.Random) -> None:
    asked = list(images(21).items())
    rows = {key: row(image) for key, image in (asked[place] for place in places)}
    shuffled = list(rows.items())
    chance.shuffle(shuffled)
    name, data = encode(rows)
    assert (name, data) == encode(dict(shuffled))
    found = decode(name, data, WIDTH)
    assert found is not None
    assert {key: each.tobytes() for key, each in found.items()} == {
        key: each.tobytes() for key, each in rows.items()
    }
    assert decode(name, data, WIDTH + 1) is None


@pytest.mark.parametrize("place", [0, 5, 100, -1])
@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "more"])
def test_a_damaged_segment_is_said_deleted_and_computed_again(
    tmp_path: Path, damage: str, place: int, caplog: pytest.LogCaptureFixture
) -> None:
    fill(str(tmp_path), images(40))
    damaged = segments(tmp_path)[0]
    data = bytearray(damaged.read_bytes())
    rows = decode(damaged.name, bytes(data), WIDTH)
    assert rows
    if damage == "cut":
        data = data[: place % len(data)]
    elif damage == "flip":
        data[place] ^= 1
    data = bytearray() if damage == "empty" else data + b"\0" if damage == "more" else data
    damaged.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert fill(str(tmp_path), images(40))[0] == len(rows)
    assert f"{damaged.name} is damaged: it is deleted" in caplog.text
    assert all(decode(each.name, each.read_bytes(), WIDTH) for each in segments(tmp_path))
    assert fill(str(tmp_path), images(40))[0] == 0


@pytest.mark.parametrize("more", [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH])
def test_rows_that_another_machine_computes_otherwise_are_not_believed(
    tmp_path: Path, more: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A file whose name is right, and whose rows are not what this network gives."""
    wrong = {key: np.nextafter(row(image), np.float32(np.inf)) for key, image in images(40).items()}
    table = FeatureTable(str(tmp_path), KEY)
    table.append(wrong)
    with caplog.at_level(logging.WARNING):
        assert fill(str(tmp_path), images(40 + more))[0] == 40 + more
    assert "holds other features than are computed here" in caplog.text
    assert fill(str(tmp_path), images(40 + more))[0] == 0


def test_holding_the_store_to_its_rows_costs_no_batch_where_one_has_places_left(artifacts: str) -> None:
    fill(artifacts, images(200))
    (seen,) = fill(artifacts, images(210))[1].seen
    assert 10 < seen <= BATCH
    _, added = fill(artifacts, images(210 + BATCH))[1].seen
    assert added == BATCH


def test_many_small_segments_become_one_and_nothing_is_lost(artifacts: str) -> None:
    table = FeatureTable(artifacts, KEY)
    for first in range(feature_store.SMALL_SEGMENTS + 1):
        fill(artifacts, images(1, first=first))
    assert len(table._segments()) == 1
    assert fill(artifacts, images(feature_store.SMALL_SEGMENTS + 1))[0] == 0


def test_a_segment_that_is_merged_away_while_it_is_read_costs_its_rows_and_no_more(tmp_path: Path) -> None:
    class Slow(FeatureTable):
        def _read(self, name: str, width: int) -> object:
            (tmp_path / "features" / KEY.digest / name).unlink(missing_ok=True)
            return super()._read(name, width)

    fill(str(tmp_path), images(40))
    assert Slow(str(tmp_path), KEY).find(images(40), WIDTH) == {}
    assert fill(str(tmp_path), images(40))[0] == 40


def test_a_store_that_refuses_costs_time_and_a_warning_not_the_run(
    s3, caplog: pytest.LogCaptureFixture
) -> None:
    s3.fault = lambda _: "AccessDenied"
    with caplog.at_level(logging.WARNING):
        assert fill(f"s3://{BUCKET}/team", images(70))[0] == 70
    assert caplog.text.count("features that are computed are not kept") == 1
    assert "no permission" in caplog.text
    s3.fault = lambda request: "AccessDenied" if request.method == "PUT" else None
    assert fill(f"s3://{BUCKET}/team", images(70))[0] == 70


def test_what_lies_in_a_store_that_takes_nothing_is_read(s3, caplog: pytest.LogCaptureFixture) -> None:
    fill(f"s3://{BUCKET}/team", images(70))
    s3.fault = lambda request: "AccessDenied" if request.method in {"PUT", "DELETE"} else None
    with caplog.at_level(logging.WARNING):
        assert fill(f"s3://{BUCKET}/team", images(75))[0] == 5
    assert caplog.text.count("features that are computed are not kept") == 1


def test_a_folder_that_cannot_be_made_costs_a_warning_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        assert fill(str(tmp_path / "file/artifacts"), images(7))[0] == 7
    assert caplog.text.count("features that are computed are not kept") == 1


def start(artifacts: str, count: int, first: int = 0) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.features.writer", artifacts, str(count), str(first)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def test_two_processes_at_once_and_kills_at_any_moment_leave_only_right_rows(artifacts: str) -> None:
    """Two at a time on overlapping images, one of them killed, over and over; then all is read."""
    chance = random.Random(artifacts)
    for _ in range(6):
        one, other = start(artifacts, 3000), start(artifacts, 3000, 1000)
        for process in (one, other):
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.3)
        one.kill()
        other.wait()
        assert one.wait() in {0, -signal.SIGKILL}
        assert other.returncode == 0
        fill(artifacts, images(4000))
        assert fill(artifacts, images(4000))[0] == 0
        FeatureTable(artifacts, KEY).clear()


def test_a_folder_that_a_killed_process_left_holds_no_torn_segment(tmp_path: Path) -> None:
    for number in range(8):
        process = start(str(tmp_path), 3000, 10 * number)
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.02 * number)
        process.kill()
        process.wait()
        assert all(decode(each.name, each.read_bytes(), WIDTH) for each in segments(tmp_path))
        shutil.rmtree(tmp_path / "features", ignore_errors=True)
