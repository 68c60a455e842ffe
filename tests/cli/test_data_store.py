"""`pylib data commit|log|ls|get|diff|fsck|gc` from outside: what they print, and how they fail."""

import json

import pytest
from typer.testing import CliRunner

from pylib.cli.data import data_app
from pylib.errors import StoreError
from pylib.store.local import LocalStore

VERBS = ("commit", "log", "ls", "get", "diff", "fsck", "gc")


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.delenv("PACHD_ADDRESS", raising=False)
    monkeypatch.setenv("PYLIB_STORE", str(tmp_path / "store"))
    folder = tmp_path / "folder"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "a [1].jpg").write_bytes(b"jpeg")
    (folder / "dataset.json").write_text("{}")
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(data_app, [str(each) for each in arguments])
    if isinstance(result.exception, StoreError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def facts(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_and_json(verb):
    printed = run(verb, "--help").output
    assert "--json" in printed
    assert "--store" in printed


def test_a_folder_is_committed_and_got_back(root):
    first = facts("commit", "pets", root / "folder", "-m", "raw [photos]")
    assert (first["files"], first["parent"], first["description"]) == (2, None, "raw [photos]")
    assert facts("commit", "pets", root / "folder") == first
    assert first["id"] in run("commit", "pets", root / "folder", "--add").stdout
    run("get", "pets", root / "out")
    run("get", "pets@master:images", root / "part")
    run("get", f"pets@{first['id']}:images/a [1].jpg", root / "one.jpg")
    run("get", "pets:dataset.json", root / "part")
    assert (root / "out" / "images" / "a [1].jpg").read_bytes() == b"jpeg"
    assert (root / "out" / "dataset.json").read_text() == "{}"
    assert (root / "part" / "images" / "a [1].jpg").read_bytes() == b"jpeg"
    assert (root / "part" / "dataset.json").read_text() == "{}"
    assert (root / "one.jpg").read_bytes() == b"jpeg"


def test_log_ls_and_diff(root):
    first = facts("commit", "pets", root / "folder", "-m", "raw [photos]")
    (root / "folder" / "dataset.json").write_text("[]")
    (root / "folder" / "images" / "a [1].jpg").unlink()
    (root / "folder" / "images" / "b.jpg").write_bytes(b"more")
    second = facts("commit", "pets", root / "folder", "--branch", "review")
    assert [each["id"] for each in facts("log", "pets")] == [first["id"]]
    assert f"{first['id']}" in run("log", "pets@master").stdout
    header, line = run("log", "pets").stdout.splitlines()
    assert header.split() == ["commit", "made", "files", "size", "what"]
    assert line.endswith("  raw [photos]")
    assert facts("ls") == ["pets"]
    assert run("ls").stdout == "pets\n"
    assert [file["path"] for file in facts("ls", "pets", "images/*")] == ["images/a [1].jpg"]
    assert run("ls", "pets@review", "*.json").stdout.split()[1:] == ["2", "dataset.json"]
    printed = run("diff", "pets", f"pets@{second['id']}").stdout
    assert printed.splitlines() == ["M  dataset.json", "D  images/a [1].jpg", "A  images/b.jpg"]
    assert [change["kind"] for change in facts("diff", "pets@review", "pets")] == [
        "modified",
        "added",
        "deleted",
    ]


def test_fsck_and_gc(root):
    commit = facts("commit", "pets", root / "folder")
    store = LocalStore(root / "store")
    orphan = store.blobs.path("ab" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"orphan")
    assert facts("gc", "--dry-run") == {"blobs": 1, "size": 6}
    assert run("gc").stdout == "1 blobs, 6 bytes deleted\n"
    assert facts("fsck") == {
        "ok": True, "commits": 1, "blobs": 2, "size": 6, "problems": [], "orphans": [], "forgotten": [],
    }  # fmt: skip
    blob = store.blobs.path(store.ls(f"pets@{commit['id']}")[0].sha256)
    blob.chmod(0o644)
    blob.write_bytes(b"[]")
    assert run("fsck", "--quick").exit_code == 0
    result = run("fsck")
    assert result.exit_code == 1
    assert "damaged" in result.stdout
    assert facts("fsck")["problems"][0]["subject"] in str(blob).replace("/", "")


def test_another_store_by_option(root):
    run("commit", "pets", root / "folder", "--store", root / "other")
    assert run("ls", "--store", (root / "other").as_uri()).stdout == "pets\n"
    assert not (root / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["commit", "pets", "{root}/absent"], "is no folder"),
        (["commit", "pets", "{root}/empty"], "holds no files"),
        (["commit", "pets", "{root}/linked"], "is a link"),
        (["commit", "a b", "{root}/folder"], "no name for a repository"),
        (["commit", "pets", "{root}/folder", "--branch", "a/b"], "no name for a branch"),
        (["commit", "pets", "{root}/folder", "--store", "ftp://host"], "no store of this kind"),
        (["log", "cats"], "no repository cats in the store: it has pets"),
        (["log", "pets@nowhere"], "no branch nowhere"),
        (["ls", "pets@a/b"], "names no commit"),
        (["ls", "--store", "{root}/typo"], "no store at"),
        (["get", "pets@" + "0" * 64, "{root}/out"], "no commit 0000"),
        (["get", "pets:images/b.jpg", "{root}/out"], "no images/b.jpg in pets"),
        (["get", "pets:../folder", "{root}/out"], "no ../folder in pets"),
        (["get", "pets", "{root}/folder"], "no empty folder"),
        (["get", "pets:dataset.json", "{root}/folder"], "exists"),
        (["get", "pets:dataset.json", "{root}/folder/dataset.json/x"], "name a file that can be written"),
        (["diff", "pets", "cats"], "no repository cats"),
        (["fsck", "--store", "{root}/typo"], "no store at"),
        (["gc", "--store", "pachd://127.0.0.1:1"], "it checks itself, with `pachctl fsck`"),
    ],
)
def test_errors_are_one_line(root, arguments, message):
    run("commit", "pets", root / "folder")
    (root / "empty").mkdir()
    (root / "linked").mkdir()
    (root / "linked" / "a").symlink_to(root / "folder" / "dataset.json")
    with pytest.raises(StoreError) as caught:
        run(*[each.format(root=root) for each in arguments])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (root / "out").exists()
