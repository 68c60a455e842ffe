"""A branch of data is changed by one process at a time, whoever runs it, in a folder and in a bucket."""

import json
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from pylib.errors import ReviewError
from pylib.review.claims import Claims
from pylib.review.lock import turn
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store

_HOLD = """
import sys
from datetime import timedelta
from pylib.errors import ReviewError
from pylib.review.lock import turn
from pylib.store.inbox import Inbox
lease = timedelta(seconds=float(sys.argv[2]))
with turn(Inbox(sys.argv[1]), "pets", "master", "ann", lease=lease) as still_mine:
    print("held", flush=True)
    sys.stdin.read()
    try:
        still_mine()
    except ReviewError as error:
        print(error, flush=True)
"""


@pytest.fixture(params=["folder", "bucket"])
def inbox(request, tmp_path):
    if request.param == "folder":
        return Inbox((tmp_path / "inbox").as_uri())
    request.getfixturevalue("s3")
    return Inbox("s3://data/inbox")


def test_the_same_person_s_second_process_is_refused(inbox):
    with (
        turn(inbox, "pets", "master", "ann"),
        turn(inbox, "pets", "side", "ann"),
        pytest.raises(ReviewError, match=r"pets@master: ann \(process \d+ on .*\) changes it now"),
        turn(inbox, "pets", "master", "ann"),
    ):
        pass
    with turn(inbox, "pets", "master", "bob") as still_mine:
        still_mine()


def test_one_that_was_killed_holds_a_folder_no_longer(tmp_path):
    inbox = Inbox((tmp_path / "inbox").as_uri())
    with _holder(inbox.url, 60) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ReviewError, match="changes it now"), turn(inbox, "pets", "master", "bob"):
            pass
        holder.kill()
        holder.wait()
    with turn(inbox, "pets", "master", "bob"):
        pass


def _holder(url, lease, script=_HOLD):
    command = [sys.executable, "-c", script, url, str(lease)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def _taken_over(inbox):
    """Take the branch as soon as whoever has it, and is killed or stopped, has lost it."""
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(turn(inbox, "pets", "master", "bob"))
                break
            except ReviewError:
                time.sleep(0.1)
        yield


def test_one_that_was_killed_holds_a_bucket_for_the_rest_of_its_lease(s3):
    inbox = Inbox("s3://data/inbox")
    said = r"ann \(process \d+ on .*, since .* UTC.*\) changes it now; if it was killed, it is free in \d+ s"
    with _holder(inbox.url, 60) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    with pytest.raises(ReviewError, match=said), turn(inbox, "pets", "master", "bob"):
        pass
    inbox.objects.delete(["claims/commit-pets-master.json"])
    with _holder(inbox.url, 1) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    with _taken_over(inbox), pytest.raises(ReviewError, match="bob"), turn(inbox, "pets", "master", "ann"):
        pass


def test_a_holder_that_lives_has_its_lease_renewed(s3):
    inbox, lease = Inbox("s3://data/inbox"), timedelta(seconds=2)

    def claim():
        return json.loads(inbox.objects.find("claims/commit-pets-master.json").data)

    with turn(inbox, "pets", "master", "ann", lease=lease):
        first = claim()
        while claim()["until"] == first["until"]:
            time.sleep(0.1)
        assert claim()["reviewer"] == first["reviewer"]
    assert claim()["reviewer"] == ""


def test_one_that_slept_while_another_had_the_branch_is_told_so_though_it_is_free_again(s3):
    inbox = Inbox("s3://data/inbox")
    with _holder(inbox.url, 1.5) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGSTOP)
        lock = Claims(inbox.objects, timedelta(seconds=60))
        while not lock.take("commit-pets-master", "bob"):
            time.sleep(0.1)
        lock.let_go("commit-pets-master", "bob")
        holder.send_signal(signal.SIGCONT)
        said, _ = holder.communicate("")
        assert "pets@master: another process changes it now" in said


_WRITE = """
import sys
from datetime import timedelta
from pylib.errors import ReviewError
from pylib.review.lock import turn, unmoved
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store
store = open_store("s3://data/store")
head = store.head("pets")
lease = timedelta(seconds=float(sys.argv[2]))
with turn(Inbox(sys.argv[1]), "pets", "master", "ann", lease=lease) as still_mine:
    allowed = unmoved(head, still_mine, "commit again")
    def paused(now):
        allowed(now)
        print("allowed", flush=True)
        sys.stdin.readline()
    try:
        store.commit("pets", {"late": b"2"}, mode="add", only_if=paused)
    except ReviewError as error:
        print(f"refused: {error}", flush=True)
"""


def test_a_writer_that_was_paused_just_before_it_wrote_writes_nothing_when_it_comes_back(s3):
    inbox, store = Inbox("s3://data/inbox"), open_store("s3://data/store")
    head = store.commit("pets", {"a": b"1"})
    with _holder(inbox.url, 1.5, _WRITE) as writer:
        assert writer.stdout.readline() == "allowed\n"
        writer.send_signal(signal.SIGSTOP)
        with _taken_over(inbox):
            assert store.fenced_head("pets") == head  # and so it is decided that nothing came of it
            writer.send_signal(signal.SIGCONT)
            said, _ = writer.communicate("\n")
    assert said.startswith("refused: pets@master: bob (")
    assert store.head("pets") == head
