"""A local store whose writers are killed, are two at once, or meet a full disk, keeps its promises."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pylib.store.fsck import fsck
from pylib.store.gc import gc
from pylib.store.local import LocalStore

HERE = Path(__file__).parent
KILLS = 20


def writer(store, name, commits, *event):
    command = [sys.executable, HERE / "writer.py", store, name, str(commits), *map(str, event)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_killed_at_any_moment_it_holds_the_old_or_the_new_commit(tmp_path):
    chance = random.Random(7)
    store = LocalStore(tmp_path / "store")
    known = [store.commit("pets", {"a": b"1"}).id]
    for kill in range(KILLS):
        # Half of them by the clock, half at a given call: between any two blobs, or around the catalogue.
        event = [] if kill % 2 else [chance.randrange(1, 300)]
        with writer(store.root, f"writer-{kill}", 10_000, *event) as process:
            assert process.stdout.readline() == "ready\n"
            if not event:
                time.sleep(chance.uniform(0, 0.12))
                process.kill()
            reported = process.stdout.read().split()
        assert process.returncode == -9
        log = [commit.id for commit in reversed(store.log("pets"))]
        assert log[: len(known) + len(reported)] == known + reported
        assert len(log) - len(known) - len(reported) in {0, 1}
        assert fsck(store, quick=True).problems == []
        known = [*log, store.commit("pets", {f"after/{kill}": b"%d" % kill}, mode="add").id]
    head = store.checkout("pets", tmp_path / "out")
    assert sum(path.is_file() for path in (tmp_path / "out").rglob("*")) == head.files
    gc(store)
    report = fsck(store)
    assert (report.problems, report.orphans) == ([], [])


def test_killed_while_it_makes_the_store(tmp_path):
    for event in range(2, 14):
        root = tmp_path / str(event)
        with writer(root, "first", 10_000, event) as process:
            process.communicate()
        assert process.returncode == -9
        store = LocalStore(root)
        assert store.commit("other", {"a": b"1"}).files == 1
        assert fsck(store).ok


def test_writers_at_once_both_land(tmp_path):
    store = LocalStore(tmp_path / "store")
    with writer(store.root, "one", 10) as one, writer(store.root, "two", 10) as two:
        reported = [process.communicate()[0].split()[1:] for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0)
    log = [commit.id for commit in reversed(store.log("pets"))]
    assert sorted(log) == sorted(reported[0] + reported[1])
    assert [each for each in log if each in reported[0]] == reported[0]
    assert len(store.ls("pets", "one")) == len(store.ls("pets", "two")) == 193
    assert fsck(store).problems == []


def test_gc_beside_a_writer_deletes_nothing_it_needs(tmp_path):
    store = LocalStore(tmp_path / "store")
    store.commit("pets", {"a": b"1"})
    with writer(store.root, "busy", 12) as process:
        while process.poll() is None:
            gc(store)
    assert process.returncode == 0
    report = fsck(store)
    assert (report.commits, report.problems, report.orphans) == (13, [], [])


def check_full(printed):
    result = json.loads(printed)
    blob, after_blob, catalogue, after_catalogue = result["errors"]
    for error in (blob, catalogue):
        assert "\n" not in error
        assert "nothing was" in error or "disk" in error
    for after in (after_blob, after_catalogue):
        assert after == {"ok": True, "head": True, "staged": 0}
    assert (result["next"], result["ok"]) == (True, True)


def test_a_file_too_large_to_write_is_an_error_and_no_commit(tmp_path):
    command = [sys.executable, HERE / "filler.py", tmp_path / "store", str(1 << 20)]
    check_full(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_full_disk_is_an_error_and_no_commit(tmp_path):
    """On a small tmpfs in a mount namespace of its own, which most kernels give to anybody."""
    mount = f"mount -t tmpfs -o size=4m,nr_inodes=8k tmpfs {tmp_path}"
    privately = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-ec"]
    if subprocess.run([*privately, mount], capture_output=True, check=False).returncode:
        pytest.skip("this kernel gives no mount namespace to this user: no small disk to fill")
    script = f'{mount}; exec "$0" "$@"'
    command = [*privately, script, sys.executable, HERE / "filler.py", tmp_path / "store", "0"]
    check_full(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
