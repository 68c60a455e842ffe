"""Old tables are named, then deleted; one in use, or made by another version, is not lost by it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pylib.cli.features import features_app
from pylib.errors import StoreError
from pylib.features.feature_store import FeatureTable
from pylib.features.gc import gc, tables
from tests.features.rows import KEY, WIDTH, images, row
from tests.store.s3 import BUCKET

OLD, NEW = KEY, KEY.model_copy(update={"code": "c" * 64})


def write(artifacts: str) -> None:
    for key in (OLD, NEW):
        table = FeatureTable(artifacts, key)
        table.use()
        table.append({name: row(image) for name, image in images(3).items()})


def test_only_what_nobody_used_for_so_long_goes(tmp_path: Path) -> None:
    write(str(tmp_path))
    folder = tmp_path / "features" / OLD.digest
    (folder / "killed.npy#1").write_bytes(b"part of what a killed process wrote")
    past = time.time() - 40 * 86400
    for path in folder.iterdir():
        os.utime(path, (past, past))
    assert [table.key for table in tables(str(tmp_path))] == [OLD, NEW]
    assert [table.key for table in gc(str(tmp_path), days=30, dry_run=True)] == [OLD]
    assert len(tables(str(tmp_path))) == 2
    assert gc(str(tmp_path), days=41, dry_run=False) == []
    FeatureTable(str(tmp_path), OLD).use()
    assert gc(str(tmp_path), days=30, dry_run=False) == []
    os.utime(folder / "table.json", (past, past))
    assert [table.key for table in gc(str(tmp_path), days=30, dry_run=False)] == [OLD]
    assert not folder.exists()
    assert len(FeatureTable(str(tmp_path), NEW).find(images(3), WIDTH)) == 3


def test_in_a_bucket_too_and_nothing_else_is_touched(s3) -> None:
    s3.content()
    write(f"s3://{BUCKET}/team")
    FeatureTable(f"s3://{BUCKET}/other", OLD).use()
    for name in [name for name in s3.content() if OLD.digest in name]:
        s3.age(40, only=name)
    assert [table.key for table in gc(f"s3://{BUCKET}/team", days=30, dry_run=False)] == [OLD]
    left = sorted(s3.content())
    assert {name.split("/")[-2] for name in left if name.startswith("team/")} == {NEW.digest}
    assert f"other/features/{OLD.digest}/table.json" in left


def test_what_could_not_be_deleted_is_not_said_to_be(tmp_path: Path) -> None:
    write(str(tmp_path / "there"))
    (tmp_path / "there/features" / NEW.digest).rename(tmp_path / "elsewhere")
    (tmp_path / "there/features" / NEW.digest).symlink_to(tmp_path / "elsewhere")
    assert {table.digest for table in tables(str(tmp_path / "there"))} == {OLD.digest, NEW.digest}
    with pytest.raises(StoreError, match=r"^deletion in .*/there/features: Cannot call rmtree on a symbolic"):
        gc(str(tmp_path / "there"), days=0, dry_run=False)
    assert len(FeatureTable(str(tmp_path / "there"), NEW).find(images(3), WIDTH)) == 3


def test_beside_runs_that_write_it_deletes_no_row_that_is_wrong_and_stops_nobody(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.features.writer", str(tmp_path), "1500", "0"]
    writers = [
        subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    while any(writer.poll() is None for writer in writers):
        gc(str(tmp_path), days=0, dry_run=False)
    assert [writer.wait() for writer in writers] == [0, 0]
    found = FeatureTable(str(tmp_path), KEY).find(images(1500), WIDTH)
    assert all(kept.tobytes() == row(images(1500)[key]).tobytes() for key, kept in list(found.items())[:9])


def test_the_verbs_say_what_there_is_and_what_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLIB_ARTIFACTS", str(tmp_path))
    write(str(tmp_path))
    (tmp_path / "features" / NEW.digest / "table.json").write_text("{}")
    said = CliRunner().invoke(features_app, ["ls"]).output
    assert "vgg16 1, 32 pixels, weights aaaaaaaaaaaa" in said
    assert "of another version" in said
    assert (
        "0 tables, 0 bytes would be deleted" in CliRunner().invoke(features_app, ["gc", "--dry-run"]).output
    )
    assert CliRunner().invoke(features_app, ["gc", "--days", "0"]).exit_code == 2
