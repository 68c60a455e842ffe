"""A log in one file is shortened while others append: nothing that they wrote is lost."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from pylib.store.log_file import append, shorten

_WRITER = """
import json, sys
from pathlib import Path
from pylib.store.log_file import append

for number in range(1500):
    line = {"prediction_id": f"{sys.argv[2]}-{number}", "time": "2026-11-30T12:00:00+00:00"}
    append(Path(sys.argv[1]), json.dumps(line).encode() + b"\\n")
"""
OLD = b'{"prediction_id": "old", "time": "2026-01-01T12:00:00+00:00"}\n'


def test_what_is_appended_meanwhile_stays(tmp_path: Path) -> None:
    log = tmp_path / "predictions.jsonl"
    log.write_bytes(OLD)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(log), name], cwd=Path(__file__).parents[2])
        for name in ("one", "other")
    ]
    old = rounds = 0
    while any(writer.poll() is None for writer in writers):
        append(log, OLD)
        old += shorten(log, date(2026, 11, 1))
        rounds += 1
    assert [writer.returncode for writer in writers] == [0, 0]
    assert (rounds > 1, old) == (True, rounds + 1)
    names = [json.loads(line)["prediction_id"] for line in log.read_bytes().splitlines()]
    assert sorted(names) == sorted(f"{name}-{number}" for name in ("one", "other") for number in range(1500))


def test_a_file_that_somebody_removed_is_made_anew(tmp_path: Path) -> None:
    log = tmp_path / "predictions.jsonl"
    append(log, b"one\n")
    log.unlink()
    append(log, b"two\n")
    assert log.read_bytes() == b"two\n"
    assert shorten(log, datetime.now(UTC).date()) == 0  # what cannot be read stays
    assert log.read_bytes() == b"two\n"
