"""What is put into the inbox comes out as it was, from a folder and from a bucket, whatever is killed."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pylib.errors import NotFoundError, StoreError
from pylib.store.inbox import IMAGES, WITH_IMAGE, Inbox
from tests.review.submitting import put, submission
from tests.store.s3 import BUCKET

SENDER = Path(__file__).parents[1] / "review" / "sender.py"
TEXT = st.text(max_size=40)
JSON = st.none() | st.dictionaries(TEXT, st.floats(allow_nan=False) | TEXT | st.booleans(), max_size=4)


@pytest.fixture(params=["folder", "bucket"])
def url(request, tmp_path):
    if request.param == "folder":
        return (tmp_path / "in box").as_uri()
    request.getfixturevalue("s3")
    return f"s3://{BUCKET}/inbox"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    by=TEXT,
    source=TEXT,
    note=TEXT,
    answered=JSON,
    truth=JSON,
    reward=st.none() | st.floats(-1, 1),
    image=st.binary(),
)
def test_what_is_put_comes_out(url, image, **given):
    inbox = Inbox(url)
    sent = submission(image_sha256=inbox.put_image(image), **given)
    inbox.put(sent)
    inbox.put(sent)
    again = Inbox(url)
    assert again.submission(sent["id"]) == sent
    assert sent in list(again.submissions())
    assert again.image(sent["image_sha256"]) == image


def test_the_oldest_comes_first(url):
    inbox = Inbox(url)
    sent = [put(inbox, b"%d" % number) for number in range(3)]
    assert sorted(sent) == sorted(each["id"] for each in inbox.submissions())
    if url.startswith("file"):  # moto's times are whole seconds
        assert [each["id"] for each in inbox.submissions()] == sent


def test_feedback_whose_image_is_unknown_counts_and_waits_for_nobody(url):
    inbox = Inbox(url)
    unknown, absent = submission(), submission(image_sha256="a" * 64)
    inbox.put(unknown)
    inbox.put(absent)
    assert {each["id"] for each in inbox.submissions()} == {unknown["id"], absent["id"]}
    assert inbox.ids(WITH_IMAGE) == []
    with pytest.raises(NotFoundError, match="no image aaa"):
        inbox.image("a" * 64)


def test_another_submission_of_the_same_id_is_refused(url):
    inbox = Inbox(url)
    sent = submission()
    inbox.put(sent)
    with pytest.raises(StoreError, match="another submission has this id"):
        inbox.put(sent | {"note": "changed"})


@pytest.mark.parametrize("bad", ["", "../../etc/passwd", "A" * 36, "8c8fdd0e-0a3c-4d9c-9a8e-2f6f1cbb1b3A"])
def test_an_id_that_is_no_uuid_is_no_key(url, bad):
    with pytest.raises(StoreError, match="no id of a submission"):
        Inbox(url).put(submission(id=bad))
    with pytest.raises(StoreError, match="no SHA-256"):
        Inbox(url).image(bad)


def test_a_damaged_image_is_said_to_be(tmp_path):
    inbox = Inbox(tmp_path.as_uri())
    sha256 = inbox.put_image(b"whole")
    (tmp_path / IMAGES / sha256).write_bytes(b"half")
    with pytest.raises(StoreError, match="is damaged"):
        inbox.image(sha256)


def test_an_unknown_kind_of_place_is_refused():
    with pytest.raises(StoreError, match="no inbox of this kind"):
        Inbox("ftp://example.org/inbox")


def test_a_place_that_refuses_raises(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"Not a directory|File exists"):
        Inbox((tmp_path / "file" / "inbox").as_uri())


def test_a_bucket_that_refuses_raises(s3):
    inbox = Inbox(f"s3://{BUCKET}/inbox")
    s3.fault = lambda request: "AccessDenied" if request.method == "PUT" else None
    with pytest.raises(StoreError, match="no permission"):
        inbox.put(submission())


def test_an_answer_that_is_lost_on_the_way_is_no_other_submission(s3):
    inbox, lost = Inbox(f"s3://{BUCKET}/inbox"), iter(["lost"])
    s3.fault = lambda request: next(lost, None) if request.method == "PUT" else None
    sent = submission()
    inbox.put(sent)
    assert list(inbox.submissions()) == [sent]


def _killed(url, seed, *, event=None, delay=0.0):
    command = [sys.executable, SENDER, url, str(seed), *([str(event)] if event else [])]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ) as process:
        assert process.stdout.readline() == "ready\n"
        if event is None:
            time.sleep(delay)
            process.kill()
        acknowledged = process.stdout.read().split()
    assert process.returncode == -9
    return acknowledged


@pytest.mark.parametrize("kills", [12])
def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(url, kills):
    chance, known = random.Random(7), []
    for kill in range(kills):
        by_clock = url.startswith("s3") or kill % 2
        event = None if by_clock else chance.randrange(1, 60)
        known += _killed(url, kill, event=event, delay=chance.uniform(0, 0.2))
        inbox = Inbox(url)
        there = list(inbox.submissions())
        assert set(known) <= {each["id"] for each in there}
        assert len(there) - len(known) <= kill + 1
        for each in there:
            inbox.image(each["image_sha256"])  # whole, or it raises
        known = [each["id"] for each in there]
