"""A branch of data is changed by one process at a time, whoever runs it, in a folder and in a bucket."""

import subprocess
import sys

import pytest

from pylib.errors import ReviewError
from pylib.review.lock import turn
from pylib.store.inbox import Inbox

_HOLD = """
import sys
from pylib.review.lock import turn
from pylib.store.inbox import Inbox
with turn(Inbox(sys.argv[1]), "pets", "master", "ann"):
    print("held", flush=True)
    sys.stdin.read()
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
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, inbox.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ReviewError, match="changes it now"), turn(inbox, "pets", "master", "bob"):
            pass
        holder.kill()
        holder.wait()
    with turn(inbox, "pets", "master", "bob"):
        pass
