"""`pylib data` with a bucket as the store: a laptop reaches a cluster's by the variables alone."""

import json

import pytest
import typer
from typer.testing import CliRunner

from pylib.cli.verbs import register
from pylib.errors import PylibError
from tests.store.s3 import BUCKET

app = typer.Typer()
register(app)


@pytest.fixture
def root(s3, tmp_path, monkeypatch):
    monkeypatch.setenv("PYLIB_STORE", f"s3://{BUCKET}")
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if isinstance(result.exception, PylibError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def test_the_sample_has_the_commit_that_it_has_on_a_laptop(root):
    here = json.loads(run("data", "ingest", "sample", "--store", root / "store", "--json").stdout)
    there = json.loads(run("data", "ingest", "sample", "--json").stdout)
    assert there["commit"] == here["commit"]
    assert run("data", "log", "sample").stdout.splitlines()[1].split()[0] in there["commit"]
    run("data", "get", "sample", root / "there")
    run("data", "get", "sample", root / "here", "--store", root / "store")
    listed = [
        {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}
        for top in (root / "there", root / "here")
    ]
    assert listed[0] == listed[1]


def test_fsck_and_gc(root, s3):
    (root / "folder").mkdir()
    (root / "folder" / "a").write_bytes(b"content")
    run("data", "commit", "pets", root / "folder")
    assert "1 commits, 1 blobs" in run("data", "fsck").stdout
    assert "0 blobs" in run("data", "gc").stdout
    (blob,) = [key for name, key in s3.content().items() if name.startswith("blobs/")]
    blob.value = b"c0ntent"
    damaged = run("data", "fsck")
    assert damaged.exit_code == 1
    assert "another content" in damaged.stdout


def test_doctor_asks_the_bucket(root, monkeypatch):
    def bucket():
        checks = json.loads(run("doctor", "--json").stdout)
        return next(check for check in checks if check["name"] == "PYLIB_STORE")

    assert bucket()["found"] == f"s3://{BUCKET}: no commit yet"
    (root / "a").write_bytes(b"1")
    run("data", "commit", "pets", root)
    assert bucket()["found"] == f"s3://{BUCKET}: 1 repositories"
