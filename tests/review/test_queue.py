"""Two reviewers never get the same submission, nor decide one twice, in two processes and when killed."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pylib.errors import ReviewError, StoreError
from pylib.review.queue import Queue
from pylib.store.inbox import Inbox
from tests.review.submitting import decision, put, submission
from tests.store.s3 import BUCKET

REVIEWER = Path(__file__).with_name("reviewer.py")


@pytest.fixture(params=["folder", "bucket"])
def url(request, tmp_path):
    if request.param == "folder":
        return (tmp_path / "inbox").as_uri()
    request.getfixturevalue("s3")
    return f"s3://{BUCKET}/inbox"


def opened(url, lease=600.0):
    return Queue(Inbox(url), lease_seconds=lease)


def test_each_gets_another_and_the_same_again_on_loading(url):
    first, second = (put(Inbox(url), each) for each in (b"1", b"2"))
    mine, his = opened(url).claim("ann"), opened(url).claim("bob")
    assert {mine["id"], his["id"]} == {first, second}
    assert opened(url).claim("ann") == mine
    assert opened(url).claim("cid") is None
    assert opened(url).counts() == {"waiting": 0, "claimed": 2, "accepted": 0, "rejected": 0, "committed": 0}


def test_ones_own_claim_counts_as_waiting(url):
    for each in (b"1", b"2", b"3"):
        put(Inbox(url), each)
    opened(url).claim("ann")
    opened(url).claim("bob")
    found = [opened(url).counts(who) for who in ("", "ann", "cid")]
    assert [(each["waiting"], each["claimed"]) for each in found] == [(1, 2), (2, 1), (1, 2)]


def test_what_is_skipped_is_passed_over_and_what_is_given_back_comes_again(url):
    queue, only = opened(url), put(Inbox(url))
    assert queue.claim("ann", skip={only}) is None
    assert queue.claim("ann")["id"] == only
    assert queue.claim("bob") is None
    queue.give_back(only, "bob")  # not his
    assert queue.claim("bob") is None
    queue.give_back(only, "ann")
    assert queue.claim("bob")["id"] == only


def test_a_decision_is_for_who_holds_it_and_once(url):
    queue, only = opened(url), put(Inbox(url))
    queue.claim("ann")
    with pytest.raises(ReviewError, match="is with ann"):
        queue.decide(decision(only, "bob"))
    made = decision(only, "ann", truth={"label": "cat"}, why="a cat's ears")
    queue.decide(made)
    with pytest.raises(ReviewError, match="decided already \\(accept\\) by ann"):
        queue.decide(decision(only, "bob", "reject"))
    assert (queue.history(), queue.accepted(), queue.claim("bob")) == ([made], [made], None)
    queue.mark_committed(only, "pets@1")
    assert (queue.accepted(), queue.committed(only)) == ([], "pets@1")
    assert queue.counts() == {"waiting": 0, "claimed": 0, "accepted": 0, "rejected": 0, "committed": 1}


def test_an_acceptance_says_what_is_right(url):
    queue, only = opened(url), put(Inbox(url), truth=None)
    with pytest.raises(ReviewError, match="say what is right"):
        queue.decide(decision(only) | {"truth": None})
    queue.decide(decision(only, verdict="reject"))
    assert queue.counts()["rejected"] == 1


def test_a_claim_that_ran_out_is_taken_over(url):
    only = put(Inbox(url))
    assert opened(url, lease=0).claim("ann")["id"] == only
    assert opened(url).claim("bob")["id"] == only
    with pytest.raises(ReviewError, match="is with bob"):
        opened(url).decide(decision(only, "ann"))


def test_what_has_no_image_is_not_shown(url):
    Inbox(url).put(submission())
    assert opened(url).claim("ann") is None


def test_an_id_of_another_form_is_refused(url):
    with pytest.raises(ReviewError, match="no id of a submission"):
        opened(url).decide(decision("../images/x"))


def test_a_server_that_ignores_conditions_is_refused(s3):
    url = f"s3://{BUCKET}/inbox"
    put(Inbox(url))
    s3.unconditional = True
    with pytest.raises(StoreError, match="ignores If-None-Match"):
        opened(url).claim("ann")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["claim", "give back", "accept", "reject"]), st.sampled_from("ab"))
    )
)
def test_of_any_steps_each_item_is_with_one_and_decided_once(tmp_path_factory, steps):
    url = tmp_path_factory.mktemp("inbox").as_uri()
    ids = [put(Inbox(url), b"%d" % number) for number in range(3)]
    held, decided = {"a": None, "b": None}, {}
    for step, who in steps:
        queue = opened(url)
        if step == "claim":
            got = queue.claim(who)
            held[who] = got["id"] if got else None
            assert held["a"] is None or held["a"] != held["b"]
            assert held[who] not in decided
            assert (held[who] is None) == (
                len(ids) - len(decided) - sum(1 for other, what in held.items() if other != who and what) <= 0
            )
        elif held[who]:
            if step == "give back":
                queue.give_back(held[who], who)
            else:
                queue.decide(decision(held[who], who, step))
                decided[held[who]] = who
            held[who] = None
    assert {each["id"]: each["reviewer"] for each in opened(url).history()} == decided
    assert sum(opened(url).counts().values()) == len(ids)


def test_of_many_who_come_at_once_each_item_goes_to_one(url):
    ids = [put(Inbox(url), b"%d" % number) for number in range(6)]

    def review(name):
        queue, got = opened(url), []
        while found := queue.claim(name):
            got.append(found["id"])
            queue.decide(decision(found["id"], name))
        return got

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(review, "abcd"))
    assert Counter(each for share in shares for each in share) == Counter(ids)


def _reviewer(url, name, lease):
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, REVIEWER, url, name, str(lease)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def _told(process, word):
    return [line.split()[1] for line in process.stdout if line.startswith(word)]


def test_processes_that_are_killed_decide_nothing_twice_and_lose_nothing(url):
    ids, chance, decided = [put(Inbox(url), b"%d" % number) for number in range(40)], random.Random(3), []
    for kill in range(4):
        with _reviewer(url, f"killed-{kill}", 0.2) as one, _reviewer(url, f"other-{kill}", 0.2) as other:
            for process in (one, other):
                assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.05))
            for process in (one, other):
                process.kill()
            decided += [each for process in (one, other) for each in _told(process, "decided")]
    kept = {each["id"]: each["reviewer"] for each in opened(url).history()}
    assert set(decided) <= set(kept)
    assert len(set(decided)) == len(decided)
    time.sleep(0.25)  # the leases of the killed run out
    with _reviewer(url, "last", 600) as last:
        rest = _told(last, "decided")
    assert last.returncode == 0
    assert Counter([*kept, *rest]) == Counter(ids)
