"""Feedback by the id of an answer alone finds answer and image in the log; where it cannot, that is said."""

import hashlib
import io
import json
import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image as Pictures

from pylib.data.images import decode_image
from pylib.errors import StoreError
from pylib.review import joining
from pylib.review.batch import gather
from pylib.review.joining import join, not_joined, reasons, with_what_is_known
from pylib.review.queue import Queue
from pylib.serving.predictions import PredictionLog
from pylib.serving.request import Image
from pylib.store.inbox import UNANSWERED, Inbox
from tests.review.submitting import decision, submission

PIXELS = np.full((8, 8, 3), 99, np.uint8)
LATER = datetime.now(UTC) + timedelta(days=1)  # however long after this is read the tests are run


def sent(as_file):
    """An image as a server receives it: a file, or numbers."""
    buffer = io.BytesIO()
    Pictures.fromarray(PIXELS).save(buffer, "PNG")
    data = buffer.getvalue() if as_file else b""
    return Image(PIXELS, hashlib.sha256(data or PIXELS.tobytes()).hexdigest(), data)


def logged(place, identifier, image, *, record=None, **kept):
    """Answer, as the server writes it down; `record` has what is wrong with the line."""
    log = PredictionLog(place, **kept)
    line = {
        "prediction_id": identifier,
        "time": datetime.now(UTC).isoformat(),
        "model_digest": "a" * 64,
        "image_sha256": image.sha256,
        "answer": {"label": "cat", "confidence": 0.5},
        **(record or {}),
    }
    log.append(line, image)
    log.close()


@pytest.fixture
def inbox(tmp_path):
    return Inbox((tmp_path / "inbox").as_uri())


def put(inbox, **given):
    made = submission(answered=None, model_digest="b" * 64, **given)
    inbox.put(made)
    return made


@pytest.mark.parametrize("as_file", [True, False])
def test_it_is_reviewed_and_learned_from_as_if_the_image_had_come_with_it(inbox, log, as_file):
    image, made = sent(as_file), put(inbox)
    logged(log, made["prediction_id"], image, images=True)
    queue = Queue(inbox)
    assert queue.claim("ann") is None
    assert (join(inbox, log), join(inbox, log)) == (1, 0)
    found = queue.claim("ann")
    assert found == {
        **made,
        "answered": {"label": "cat", "confidence": 0.5},
        "model_digest": "a" * 64,
        "image_sha256": found["image_sha256"],
    }
    assert (found["image_sha256"] == image.sha256) == as_file
    assert np.array_equal(decode_image(inbox.image(found["image_sha256"])), PIXELS)
    queue.decide(decision(made["id"]))
    batch = gather(queue, queue.accepted(), "classification")
    (origin,) = batch.origins.values()
    assert (origin.answered["label"], origin.prediction_id) == ("cat", made["prediction_id"])
    assert batch.left_out == {}
    assert json.loads(inbox.objects.find(f"without-image/{made['id']}.json").data) == made


def test_without_images_in_the_log_it_says_how_to_keep_them(inbox, log):
    image, made = sent(as_file=True), put(inbox)
    logged(log, made["prediction_id"], image, images=False)
    assert join(inbox, log) == 0
    assert not_joined(inbox, made["id"]) is None  # the image may still be on its way
    assert join(inbox, log, now=LATER) == 0
    assert "PREDICTION_LOG_IMAGES=true keeps" in not_joined(inbox, made["id"])["why"]
    known = with_what_is_known(inbox, inbox.submission(made["id"]))
    assert (known["answered"]["label"], known["image_sha256"]) == ("cat", image.sha256)
    queue = Queue(inbox)
    assert queue.claim("ann") is None
    queue.decide(decision(made["id"]))
    assert "PREDICTION_LOG_IMAGES" in gather(queue, queue.accepted(), "classification").left_out[made["id"]]


def test_one_that_brings_its_image_has_the_answer_of_the_log(inbox, log):
    image = sent(as_file=True)
    made = put(inbox, image_sha256=inbox.put_image(image.data))
    other = put(inbox, image_sha256=inbox.put_image(b"another picture"))
    silent, early = (put(inbox, image_sha256=inbox.put_image(image.data)) for _ in range(2))
    for each in (made, other):
        logged(log, each["prediction_id"], image)
    assert join(inbox, log) == 0
    answered = {**made, "answered": {"label": "cat", "confidence": 0.5}, "model_digest": "a" * 64}
    assert with_what_is_known(inbox, inbox.submission(made["id"])) == answered
    assert with_what_is_known(inbox, other) == other, "the answer is of another picture"
    assert sorted(inbox.ids(UNANSWERED)) == sorted([silent["id"], early["id"]]), (
        "the log may still be written"
    )
    logged(log, early["prediction_id"], image)
    assert join(inbox, log, now=LATER) == 0
    assert with_what_is_known(inbox, early)["answered"] == answered["answered"]
    assert with_what_is_known(inbox, silent) == silent
    assert inbox.ids(UNANSWERED) == []
    queue = Queue(inbox)
    queue.decide(decision(made["id"]))
    (origin,) = gather(queue, queue.accepted(), "classification").origins.values()
    assert origin.answered == answered["answered"]


def test_what_is_asked_of_the_log_for_nothing_is_not_asked_again(inbox, log, monkeypatch):
    """Its sender was killed before the submission was written, or it was forgotten."""
    logged(log, str(uuid.uuid4()), sent(as_file=True))
    inbox.objects.create(f"{UNANSWERED}/{uuid.uuid4()}.json", b"{}")
    join(inbox, log)
    assert len(inbox.ids(UNANSWERED)) == 1
    monkeypatch.setattr(joining, "SETTLED", timedelta(0))
    join(inbox, log)
    assert inbox.ids(UNANSWERED) == []


def test_an_image_that_somebody_else_sent_is_as_good(inbox, log):
    image, made = sent(as_file=True), put(inbox)
    logged(log, made["prediction_id"], image, images=False)
    inbox.put_image(image.data)
    assert join(inbox, log) == 1
    assert Queue(inbox).claim("ann")["image_sha256"] == image.sha256


def test_what_the_log_has_not_is_looked_for_until_the_log_is_written(inbox, log):
    logged(log, submission()["prediction_id"], sent(as_file=True))
    old, unknown = put(inbox), put(inbox, prediction_id="")
    assert join(inbox, log) == 0
    assert reasons(inbox) == {}
    logged(log, old["prediction_id"], sent(as_file=True), images=True)
    assert join(inbox, log, now=LATER) == 1
    late = put(inbox, time=(datetime.now(UTC) - timedelta(hours=1)).isoformat())
    join(inbox, log)
    assert "the log has no such answer" in not_joined(inbox, late["id"])["why"]
    assert "names no answer" in not_joined(inbox, unknown["id"])["why"]
    assert sum(reasons(inbox).values()) == 2


def test_another_place_may_be_meant(inbox, log, tmp_path):
    made = put(inbox)
    assert join(inbox, str(tmp_path / "none.jsonl"), now=LATER) == 0
    assert reasons(inbox) == {}
    other = (tmp_path / "other").as_uri()
    logged(other, submission()["prediction_id"], sent(as_file=True))
    assert join(inbox, other, now=LATER) == 0
    assert "PYLIB_PREDICTIONS" in not_joined(inbox, made["id"])["why"]
    logged(log, made["prediction_id"], sent(as_file=True), images=True)
    assert (join(inbox, log), join(inbox, log, again=True), join(inbox, log, again=True)) == (0, 1, 0)
    assert not_joined(inbox, made["id"]) is None


def test_a_damaged_line_is_named(inbox, tmp_path):
    made = put(inbox)
    path = tmp_path / "predictions.jsonl"
    path.write_text(f'{{"a": 1}}\n{{"prediction_id": "{made["prediction_id"]}", \n')
    with pytest.raises(StoreError, match=r"predictions\.jsonl:2 is no JSON"):
        join(inbox, str(path))


@pytest.mark.parametrize(
    "wrong",
    [{"time": None}, {"time": "2026-11-30T12:00:00"}, {"time": 5}, {"answer": "cat"}, {"model_digest": 5}],
    ids=str,
)
@pytest.mark.parametrize("brings_image", [True, False])
def test_a_damaged_record_stops_no_other(inbox, log, wrong, brings_image):
    image = sent(as_file=True)
    given = {"image_sha256": inbox.put_image(image.data)} if brings_image else {}
    damaged, sound = put(inbox, **given), put(inbox)
    logged(log, damaged["prediction_id"], image, images=True, record=wrong)
    logged(log, sound["prediction_id"], image, images=True)
    assert join(inbox, log, now=LATER) == 1
    assert with_what_is_known(inbox, damaged) == damaged
    assert list(reasons(inbox)) == ([] if brings_image else ["the log's record of its answer is damaged"])


@pytest.mark.parametrize(
    "wrong", [{"time": "yesterday"}, {"time": "2026-11-30T12:00:00"}, {"image_sha256": "zzz"}]
)
def test_a_damaged_submission_is_passed_over(inbox, log, wrong):
    sound = put(inbox)
    damaged = submission() | wrong
    inbox.objects.create(f"without-image/{damaged['id']}.json", json.dumps(damaged).encode())
    logged(log, sound["prediction_id"], sent(as_file=True), images=True)
    assert join(inbox, log, now=LATER) == 1
    skipped = []
    assert len(list(inbox.submissions(skipped))) == 1
    assert damaged["id"] in skipped[0]
    assert f"its {next(iter(wrong))} is not what a submission has there" in skipped[0]


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_a_damaged_answer_is_named(inbox, content):
    made = put(inbox, image_sha256=inbox.put_image(b"a picture"))
    inbox.objects.create(f"answers/{made['id']}.json", content)
    with pytest.raises(StoreError, match=rf"answers/{made['id']}\.json is damaged: put back a copy of it"):
        with_what_is_known(inbox, made)


def test_an_answer_that_another_log_has_is_found_when_it_is_looked_for_again(inbox, log, tmp_path):
    image = sent(as_file=True)
    made = put(inbox, image_sha256=inbox.put_image(image.data))
    other = (tmp_path / "other").as_uri()
    logged(other, submission()["prediction_id"], image)
    join(inbox, other, now=LATER)
    logged(log, made["prediction_id"], image)
    join(inbox, log, now=LATER)
    assert with_what_is_known(inbox, made) == made
    join(inbox, log, again=True, now=LATER)
    assert with_what_is_known(inbox, made)["answered"]["label"] == "cat"


def test_what_is_forgotten_while_it_is_joined_stays_gone(inbox, log, monkeypatch):
    made, image = put(inbox), sent(as_file=True)
    logged(log, made["prediction_id"], image, images=True)
    put_image = inbox.put_image

    def forgotten_meanwhile(data):
        inbox.objects.delete([f"without-image/{made['id']}.json"])
        return put_image(data)

    monkeypatch.setattr(inbox, "put_image", forgotten_meanwhile)
    assert join(inbox, log) == 0
    assert not list(inbox.submissions())
    assert not inbox.has_image(image.sha256)


def test_one_that_is_joined_is_not_counted_as_lost_though_its_joiner_was_killed(inbox, log):
    made, image = put(inbox), sent(as_file=True)
    logged(log, submission()["prediction_id"], image)
    join(inbox, log, now=LATER)
    assert sum(reasons(inbox).values()) == 1
    inbox.put({**made, "image_sha256": inbox.put_image(image.data), "answered": {}})
    assert reasons(inbox) == {}
    assert not_joined(inbox, made["id"]) is None
