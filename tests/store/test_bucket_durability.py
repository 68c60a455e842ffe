"""A store in a bucket whose writers are killed, or are several processes at once, keeps its promises."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from pylib.store.bucket import BucketStore
from pylib.store.bucket_fsck import fsck
from pylib.store.bucket_gc import gc
from tests.store.s3 import BUCKET

HERE = Path(__file__).parent
URL = f"s3://{BUCKET}/team"
KILLS = 8
REAL = os.environ.get("ARTIFACT_TEST_URL", "")


def writer(name, commits, url=URL):
    command = [sys.executable, HERE / "writer.py", url, name, str(commits)]
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


def check_after_kills(url, kills, kill, folder):
    """Kill a writer many times: the history is what was reported, and at most one commit more each time."""
    store = BucketStore(url)
    known = [store.commit("pets", {"a": b"1"}).id]
    for number in range(kills):
        with writer(f"writer-{number}", 10_000, url) as process:
            assert process.stdout.readline() == "ready\n"
            kill(number, process)
            reported = process.stdout.read().split()
        assert process.returncode == -9
        log = [commit.id for commit in reversed(BucketStore(url).log("pets"))]
        assert log[: len(known) + len(reported)] == known + reported
        assert len(log) - len(known) - len(reported) in {0, 1}
        assert fsck(BucketStore(url), quick=True).problems == []
        known = [*log, store.commit("pets", {f"after/{number}": b"%d" % number}, mode="add").id]
    head = store.checkout("pets", folder / "out")
    assert sum(path.is_file() for path in (folder / "out").rglob("*")) == head.files


def kill_by_the_clock(chance, process):
    time.sleep(chance.uniform(0, 0.5))
    process.kill()


def test_killed_at_any_moment_it_holds_the_old_or_the_new_commit(s3, tmp_path):
    chance = random.Random(7)

    def kill(number, process):
        if number % 4:
            s3.fault = kill_at(chance.randrange(1, 200), process, after=bool(number % 2))
            process.wait()
            s3.fault = lambda _: None
        else:
            kill_by_the_clock(chance, process)

    check_after_kills(URL, KILLS, kill, tmp_path)
    s3.age(days=2)
    gc(BucketStore(URL))
    report = fsck(BucketStore(URL))
    assert (report.problems, report.orphans) == ([], [])


@pytest.mark.skipif(not REAL.startswith("s3://"), reason="ARTIFACT_TEST_URL names no s3:// bucket")
def test_killed_at_any_moment_in_a_real_bucket(tmp_path):
    chance = random.Random(7)
    url = f"{REAL}/{uuid.uuid4().hex}"
    check_after_kills(url, 15, lambda _, process: kill_by_the_clock(chance, process), tmp_path)
    assert fsck(BucketStore(url)).problems == []


def test_killed_while_it_makes_the_store(s3):
    for number in range(1, 70, 10):
        with writer("first", 10_000) as process:
            s3.fault = kill_at(number, process, after=bool(number % 20 > 10))
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
    with writer("busy", 6) as process:
        while process.poll() is None:
            store.objects.put("probes/left", b"")  # so that there is something to delete each time
            s3.age(days=2, only="team/probes/left")
            left += gc(store).blobs
    assert process.returncode == 0
    report = fsck(store)
    assert (left > 0, report.commits, report.problems, report.orphans) == (True, 7, [], [])
