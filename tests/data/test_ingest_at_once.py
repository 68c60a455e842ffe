"""An ingest while another process commits to the same branch: neither takes away what the other brought."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from pylib.data.dataset import DatasetIndex
from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.errors import StoreError
from pylib.review.queue import Queue
from pylib.store.inbox import Inbox
from pylib.store.local import LocalStore
from tests.data.made import encode, noise
from tests.review.submitting import decision, put


def pictures(folder, numbers):
    for number in numbers:
        path = folder / ("cat", "dog")[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(number)))
    return str(folder)


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "out/store")


@pytest.fixture
def into(store, tmp_path):
    """Ingest into pets."""
    return partial(ingest, store=store, repository="pets", cache=tmp_path / "cache")


def items(store):
    return Counter(item.id for item in DatasetIndex.loads(store.read("pets", "dataset.json")).items)


def test_a_review_s_commit_while_a_process_ingests_is_kept_with_what_it_brought(store, into, tmp_path):
    source = pictures(tmp_path / "pets", range(12))
    into(source, options=Options(task="classification"))
    queue = Queue(Inbox((tmp_path / "out/inbox").as_uri()))
    sent = put(queue.inbox, encode(noise(1000)))
    queue.decide(decision(sent))
    pictures(tmp_path / "pets", [12])
    environment = os.environ | {"PYLIB_OUTPUT": str(tmp_path / "out"), "PYTHONPATH": str(Path.cwd())}
    pylib = [sys.executable, "-c", "from pylib.cli import main; main()"]
    report = tmp_path / "report/report.json"
    command = [*pylib, "data", "ingest", source, "--repository=pets", f"--report={report.parent}"]
    with store.locked(exclusive=True):  # it can read and plan, and not commit
        ingesting = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        while not report.exists():
            assert ingesting.poll() is None
            time.sleep(0.05)
        ingesting.send_signal(signal.SIGSTOP)
    reviewed = subprocess.run([*pylib, "review", "commit", "pets"], env=environment, check=True)
    assert reviewed.returncode == 0
    between = store.head("pets")
    ingesting.send_signal(signal.SIGCONT)
    made, _ = ingesting.communicate()
    assert (ingesting.returncode, made.strip()) == (0, str(store.head("pets").ref))
    assert store.head("pets").parent == between.id
    found = items(store)
    assert (found[f"feedback/{sent}"], found["cat/12"], len(found)) == (1, 1, 14)


def test_two_first_commits_at_once_are_not_one_over_the_other(store, into, tmp_path):
    one, other = pictures(tmp_path / "one", range(12)), pictures(tmp_path / "other", range(20, 32))
    came = []

    def meanwhile(plan):
        if not came:
            came.append(into(other, options=Options(task="classification")))
        return "the later"

    into(one, options=Options(task="classification", add=True), describe=meanwhile)
    assert len(items(store)) == 24
    assert store.head("pets").description == "the later"


def test_where_others_always_come_first_it_is_refused_in_a_line(store, into, tmp_path):
    one, other = pictures(tmp_path / "one", range(12)), pictures(tmp_path / "other", range(20, 32))
    into(one, options=Options(task="classification"))

    def meanwhile(plan):
        store.commit("pets", {"notes.txt": os.urandom(8)}, mode="add")
        return "never"

    with pytest.raises(StoreError, match=r"pets@master: other commits came first 3 times while .* was read"):
        into(other, options=Options(add=True), describe=meanwhile)
    assert (len(items(store)), len(store.log("pets"))) == (12, 4)
