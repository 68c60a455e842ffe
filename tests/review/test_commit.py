"""What is accepted becomes one commit of data, once, with its origins; what cannot is left out, and why."""

import base64

import numpy as np
import pytest

from pylib.data.dataset import DatasetIndex
from pylib.data.images import decode_image, decode_mask, encode_png
from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.data.split import split_of
from pylib.errors import ReviewError
from pylib.review.checks.examine import examine
from pylib.review.commit import commit_accepted
from pylib.review.lock import turn
from pylib.review.origins import read_origins
from pylib.review.queue import Queue
from pylib.steps.prepare import ingest_records
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store
from tests.data.made import Folder, encode, noise
from tests.review.submitting import decision, put, submission

CLASSES = ("cat", "dog")


@pytest.fixture
def queue(tmp_path):
    return Queue(Inbox((tmp_path / "inbox").as_uri()))


@pytest.fixture
def store(tmp_path):
    """A store with forty labelled images of noise, in the repository `pets`, and thirty masks, in `masks`."""
    store = open_store((tmp_path / "store").as_uri())
    for number in range(40):
        path = tmp_path / "pets" / CLASSES[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(number)))
    ingest(str(tmp_path / "pets"), store, "pets", Options(task="classification"), cache=tmp_path / "cache")
    masks = Folder(tmp_path / "masks")
    for number in range(30):
        masks.put(f"item_{number:02}", seed=number)
    ingest(str(tmp_path / "masks"), store, "masks", Options(), cache=tmp_path / "cache")
    return store


def accepted(queue, image, truth=None, **given):
    """Send an image and accept it; return the submission's id."""
    sent = put(queue.inbox, image, **given)
    queue.decide(decision(sent, "ann", truth=truth, why="seen"))
    return sent


def index_of(store, commit):
    return DatasetIndex.loads(store.read(commit, "dataset.json"))


def test_what_is_accepted_becomes_one_commit_with_who_when_and_why(queue, store):
    head = store.head("pets")
    sent = [accepted(queue, encode(noise(1000 + n)), by="eve", source="field trip") for n in range(3)]
    put(queue.inbox, encode(noise(2000)))  # which nobody has looked at
    made = commit_accepted(queue, store, "pets", by="ann", message="of May")
    assert (made.parent, made.id) == (head.id, store.head("pets").id)
    index = index_of(store, made)
    new = {f"field-trip/{each}" for each in sent}
    assert {item.id for item in index.items} - {item.id for item in index_of(store, head).items} == new
    assert {item.split for item in index.items if item.id in new} == {split_of(item) for item in new}
    assert {index.classes[item.target.label] for item in index.items if item.id in new} == {"dog"}
    origins = read_origins(store, made)
    assert origins.keys() == new
    first = origins[f"field-trip/{sent[0]}"]
    assert (first.by, first.reviewer, first.why, first.corrected) == ("eve", "ann", "seen", False)
    assert first.prediction_id == queue.inbox.submission(sent[0])["prediction_id"]
    assert queue.counts() == {"waiting": 1, "claimed": 0, "accepted": 0, "rejected": 0, "committed": 3}
    assert {queue.committed(each) for each in sent} == {str(made.ref)}
    (record,) = ingest_records(made.description, str(made.ref))
    told = record["predicate"]["buildDefinition"]["externalParameters"]
    assert (told["by"], told["message"], told["accepted"], told["reviewers"]) == ("ann", "of May", 3, ["ann"])


def test_nothing_is_committed_twice(queue, store):
    accepted(queue, encode(noise(1000)))
    made = commit_accepted(queue, store, "pets", by="ann")
    assert commit_accepted(queue, store, "pets", by="ann") is None
    assert store.head("pets").id == made.id


def test_a_commit_that_was_killed_before_its_mark_is_found_again(queue, store, tmp_path):
    sent = accepted(queue, encode(noise(1000)))
    made = commit_accepted(queue, store, "pets", by="ann")
    (tmp_path / "inbox" / "commits" / f"{sent}.json").unlink()  # as if it had been killed before
    more = accepted(queue, encode(noise(1001)))
    second = commit_accepted(queue, store, "pets", by="ann")
    assert (queue.committed(sent), queue.committed(more)) == (str(made.ref), str(second.ref))
    assert second.parent == made.id
    assert len(index_of(store, second).items) == 42


def test_what_a_later_commit_took_away_is_not_committed_again(queue, store, tmp_path):
    sent = accepted(queue, encode(noise(1000)))
    made = commit_accepted(queue, store, "pets", by="ann")
    (tmp_path / "inbox" / "commits" / f"{sent}.json").unlink()
    ingest(str(tmp_path / "pets"), store, "pets", Options(), cache=tmp_path / "cache")
    assert commit_accepted(queue, store, "pets", by="ann") is None
    assert queue.committed(sent) == str(made.ref)


def test_an_image_that_is_there_is_left_out_and_so_is_one_that_nobody_can_read(queue, store):
    head = store.head("pets")
    item = index_of(store, head).items[0]
    same = accepted(queue, store.read(head, item.image), truth={"label": "cat"})
    other = accepted(queue, store.read(head, item.image) + b"", truth={"label": "dog"})
    broken = accepted(queue, b"no image")
    unknown = submission()
    queue.inbox.put(unknown)
    queue.decide(decision(unknown["id"]))
    assert commit_accepted(queue, store, "pets", by="ann") is None
    assert store.head("pets").id == head.id
    reasons = {same: "the same image", other: "the same image", broken: "image", unknown["id"]: "is unknown"}
    for each, why in reasons.items():
        assert why in queue.left_out(each)
    assert queue.counts() == {"waiting": 0, "claimed": 0, "accepted": 0, "rejected": 4, "committed": 0}


def test_a_mask_is_kept_by_the_ids_of_the_data_set(queue, store):
    drawn = np.zeros((40, 48), np.uint8)
    drawn[5:20, 5:20] = 1
    drawn[30:, :] = 255
    truth = {"mask_png": base64.b64encode(encode_png(drawn)).decode()}
    sent = accepted(queue, encode(noise(1000)), truth=truth, task="segmentation")
    made = commit_accepted(queue, store, "masks", by="ann")
    item = next(each for each in index_of(store, made).items if each.id == f"feedback/{sent}")
    kept = decode_mask(store.read(made, item.target.file))
    ids = sorted(index_of(store, made).classes)
    assert (np.unique(kept).tolist(), kept[10, 10], kept[0, 0]) == ([*ids[:2], 255], ids[1], ids[0])


def test_another_task_s_items_wait(queue, store):
    accepted(queue, encode(noise(1000)))
    assert commit_accepted(queue, store, "masks", by="ann") is None
    assert queue.counts()["accepted"] == 1


def test_there_must_be_a_data_set_to_add_to(queue, store):
    with pytest.raises(ReviewError, match="no data set to add to"):
        commit_accepted(queue, store, "birds", by="ann")


def test_a_flood_is_refused_until_it_is_answered(queue, store):
    head = store.head("pets")
    one = noise(1000)
    for shift in range(5):
        accepted(queue, encode(np.clip(one.astype(int) + shift, 0, 255).astype(np.uint8), quality=95))
    with pytest.raises(
        ReviewError, match=r"not committed, 1 findings: source-flood: .* --allow source-flood"
    ):
        commit_accepted(queue, store, "pets", by="ann")
    assert (store.head("pets").id, queue.counts()["accepted"]) == (head.id, 5)
    assert commit_accepted(queue, store, "pets", by="ann", allow=["source-flood"]) is not None


def test_a_class_that_nobody_had_is_refused_until_its_item_is_rejected(queue, store):
    accepted(queue, encode(noise(1000)))
    wrong = accepted(queue, encode(noise(1001)), truth={"label": "dgo"})
    with pytest.raises(ReviewError, match=r"class-new: .*: dgo is no class of the data set yet"):
        commit_accepted(queue, store, "pets", by="ann")
    queue.leave_out(wrong, "rejected after all")
    made = commit_accepted(queue, store, "pets", by="ann")
    assert set(index_of(store, made).classes.values()) == {"cat", "dog"}


def test_a_kind_that_there_is_not_cannot_be_allowed(queue, store):
    accepted(queue, encode(noise(1000)))
    with pytest.raises(ReviewError, match="--allow anything: there are: test-duplicate"):
        commit_accepted(queue, store, "pets", by="ann", allow=["anything"])


def test_what_looks_like_a_test_image_is_named(queue, store):
    head = store.head("pets")
    item = index_of(store, head).split("test")[0]
    near = np.clip(decode_image(store.read(head, item.image)).astype(int) + 2, 0, 255)
    accepted(queue, encode(near.astype(np.uint8), quality=95))
    with pytest.raises(ReviewError, match=f"test-duplicate: .* it looks like {item.id}"):
        commit_accepted(queue, store, "pets", by="ann")


def test_two_commits_of_one_person_lose_nothing(queue, store):
    accepted(queue, encode(noise(1000)))
    with (
        turn(queue.inbox, "pets", "master", "ann"),
        pytest.raises(ReviewError, match=r"pets@master: ann \(process .* changes it now"),
    ):
        commit_accepted(queue, store, "pets", by="ann")
    assert queue.counts()["accepted"] == 1
    assert commit_accepted(queue, store, "pets", by="ann") is not None


def test_what_came_while_a_commit_was_checked_is_not_undone(queue, store, monkeypatch, tmp_path):
    sent = accepted(queue, encode(noise(1000)))
    (tmp_path / "more/cat").mkdir(parents=True)
    (tmp_path / "more/cat/new.jpg").write_bytes(encode(noise(3000)))

    def meanwhile(material):
        adding = Options(add=True)
        ingest(str(tmp_path / "more"), store, "pets", adding, cache=tmp_path / "cache")
        return examine(material)

    with monkeypatch.context() as patched:
        patched.setattr("pylib.review.commit.examine", meanwhile)
        with pytest.raises(ReviewError, match="another commit came while"):
            commit_accepted(queue, store, "pets", by="ann")
    assert queue.counts()["accepted"] == 1
    made = commit_accepted(queue, store, "pets", by="ann")
    ids = {item.id for item in index_of(store, made).items}
    assert {"cat/new", f"feedback/{sent}"} <= ids


def test_a_file_that_no_index_names_is_not_marked_as_committed(queue, store):
    sent = accepted(queue, encode(noise(1000)))
    store.commit("pets", {f"images/feedback/{sent}.jpg": encode(noise(1000))}, mode="add")
    made = commit_accepted(queue, store, "pets", by="ann")
    assert f"feedback/{sent}" in {item.id for item in index_of(store, made).items}
    assert queue.committed(sent) == str(made.ref)


def test_a_decision_whose_submission_is_gone_stops_no_commit(queue, store):
    gone, sent = (accepted(queue, encode(noise(1000 + n))) for n in range(2))
    queue.inbox.objects.delete([f"submissions/{gone}.json"])
    made = commit_accepted(queue, store, "pets", by="ann")
    assert queue.committed(sent) == str(made.ref)
    assert queue.committed(gone) == ""


def test_one_rejected_while_it_is_committed_stops_the_commit_or_is_refused(queue, store, monkeypatch):
    sent = accepted(queue, encode(noise(1000)))
    other = accepted(queue, encode(noise(1001)))

    def meanwhile(material):
        queue.reject_accepted(sent, "bob", "no dog")
        return examine(material)

    with monkeypatch.context() as patched:
        patched.setattr("pylib.review.commit.examine", meanwhile)
        with pytest.raises(ReviewError, match="rejected by bob after all: no dog: commit again"):
            commit_accepted(queue, store, "pets", by="ann")
    made = commit_accepted(queue, store, "pets", by="ann")
    ids = {item.id for item in index_of(store, made).items}
    assert (f"feedback/{sent}" in ids, f"feedback/{other}" in ids) == (False, True)
    with pytest.raises(ReviewError, match="is in pets@"):
        queue.reject_accepted(other, "bob", "no dog")
    third = accepted(queue, encode(noise(1002)))
    with (
        queue.committing(store.head("pets"), "master", {third: f"feedback/{third}"}),
        pytest.raises(ReviewError, match="a commit that is being made"),
    ):
        queue.reject_accepted(third, "bob", "no dog")
    assert queue.counts() == {"waiting": 0, "claimed": 0, "accepted": 1, "rejected": 1, "committed": 1}
