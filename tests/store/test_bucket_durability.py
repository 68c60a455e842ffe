"""A store in a bucket whose writers are killed, or are several processes at once, keeps its promises."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from pylib.store.bucket import BucketStore
from pylib.store.bucket_fsck import fsck
from pylib.store.bucket_gc import gc
from tests.store.s3 import BUCKET

HERE = Path(__file__).parent
URL = f"s3://{BUCKET}/team"
KILLS = 40


def writer(name, commits):
    command = [sys.executable, HERE / "writer.py", URL, name, str(commits)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill_at(number, process, *, after):
    """The server kills the writer as its n-th request comes, before it is done or when it is."""
    left = [number]

    def fault(_):
        left[0] -= 1
        if left[0] == 0:
            os.kill(process.pid, signal.SIGKILL)
            return "lost" if after else "SlowDown"
        return None

    return fault


def test_killed_at_any_moment_it_holds_the_old_or_the_new_commit(s3, tmp_path):
    chance = random.Random(7)
    store = BucketStore(URL)
    known = [store.commit("pets", {"a": b"1"}).id]
    for kill in range(KILLS):
        with writer(f"writer-{kill}", 10_000) as process:
            assert process.stdout.readline() == "ready\n"
            if kill % 4:
                s3.fault = kill_at(chance.randrange(1, 200), process, after=bool(kill % 2))
            else:
                time.sleep(chance.uniform(0, 0.5))
                process.kill()
            reported = process.stdout.read().split()
        s3.fault = lambda _: None
        assert process.returncode == -9
        log = [commit.id for commit in reversed(BucketStore(URL).log("pets"))]
        assert log[: len(known) + len(reported)] == known + reported
        assert len(log) - len(known) - len(reported) in {0, 1}
        assert fsck(BucketStore(URL), quick=True).problems == []
        known = [*log, store.commit("pets", {f"after/{kill}": b"%d" % kill}, mode="add").id]
    head = store.checkout("pets", tmp_path / "out")
    assert sum(path.is_file() for path in (tmp_path / "out").rglob("*")) == head.files
    s3.age(days=2)
    gc(store)
    report = fsck(store)
    assert (report.problems, report.orphans) == ([], [])


def test_killed_while_it_makes_the_store(s3):
    for number in range(1, 90, 8):
        with writer("first", 10_000) as process:
            s3.fault = kill_at(number, process, after=bool(number % 16 > 8))
            process.communicate()
        assert process.returncode == -9
        s3.fault = lambda _: None
        assert BucketStore(URL).commit("other", {"a": b"1"}).files == 1
        assert fsck(BucketStore(URL)).problems == []
        for name in list(s3.content()):
            BucketStore(f"s3://{BUCKET}").objects.delete([name])


def test_writers_at_once_both_land(s3):
    with writer("one", 8) as one, writer("two", 8) as two:
        reported = [process.communicate()[0].split()[1:] for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0)
    store = BucketStore(URL)
    log = [commit.id for commit in reversed(store.log("pets"))]
    assert sorted(log) == sorted(reported[0] + reported[1])
    assert [each for each in log if each in reported[0]] == reported[0]
    assert len(store.ls("pets", "one")) == len(store.ls("pets", "two"))
    assert fsck(store).problems == []


def test_gc_beside_a_writer_deletes_nothing_it_needs(s3):
    store, left = BucketStore(URL), 0
    store.commit("pets", {"a": b"1"})
    with writer("busy", 12) as process:
        while process.poll() is None:
            store.objects.put("probes/left", b"")  # so that there is something to delete each time
            s3.age(days=2, only="team/probes/left")
            left += gc(store).blobs
    assert process.returncode == 0
    report = fsck(store)
    assert (left > 0, report.commits, report.problems, report.orphans) == (True, 13, [], [])
