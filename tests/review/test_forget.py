"""An image is taken from every head, the inbox, the log's images and the caches, and nothing else is."""

import hashlib
import json
import uuid
from datetime import UTC, datetime

import numpy as np
import pytest

from pylib.data.dataset import DatasetIndex
from pylib.data.images import decode_image, resize_image
from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.errors import ReviewError, StoreError
from pylib.features.key import TableKey
from pylib.features.segments import encode, image_key
from pylib.provenance.digests import dir_hash
from pylib.provenance.statement import read_bundle, step_name
from pylib.review.commit import commit_accepted
from pylib.review.forget import Places, bytes_are_kept, forget, look
from pylib.review.joining import join
from pylib.review.lock import turn
from pylib.review.origins import read_origins
from pylib.review.queue import Queue
from pylib.serving.predictions import PredictionLog
from pylib.serving.request import Image
from pylib.steps.prepare import prepare
from pylib.store.descriptions import said_of
from pylib.store.inbox import Inbox
from pylib.store.maintenance import fsck
from pylib.store.opening import open_store
from pylib.store.request_log import image_keys
from tests.data.made import Folder, noise
from tests.data.made import encode as jpeg
from tests.review.submitting import decision, put, submission

IMAGE = jpeg(noise(1000))
DIGEST = hashlib.sha256(IMAGE).hexdigest()


@pytest.fixture
def places(tmp_path):
    """An inbox, and the folders of an output that has seen the image in a log, a cache, a run and a table."""
    out = tmp_path / "out"
    shown = out / "images/2026/11/30" / DIGEST
    for path, text in {
        out / "predictions.jsonl": json.dumps({"image_sha256": DIGEST}) + "\n",
        out / "cache/ab/shards/shards.json": json.dumps({"items": [{"image_sha256": DIGEST}]}),
        out / "cache/cd/shards/shards.json": json.dumps({"items": [{"image_sha256": "0" * 64}]}),
        out / "runs/one/prepare/shards/shards.json": json.dumps({"items": [{"image_sha256": DIGEST}]}),
        out / "runs/one/train/model/model.json": "{}",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shown.parent.mkdir(parents=True)
    shown.write_bytes(IMAGE)
    key = TableKey(
        task="classification",
        backbone="mobilenet_v2",
        alpha=0.35,
        weights=None,
        image_size=32,
        code="",
        tensorflow="",
        keras="",
        threads=1,
        devices=[],
        machine="",
    )
    table = out / "artifacts/features" / key.digest
    table.mkdir(parents=True)
    (table / "table.json").write_bytes(key.dumps())
    for image in (IMAGE, jpeg(noise(1))):
        name, data = encode({image_key(resize_image(decode_image(image), 32)): np.zeros(4, np.float32)})
        (table / name).write_bytes(data)
    return Places(
        inbox=Inbox((out / "inbox").as_uri()),
        logs=[out],
        caches=[out / "cache"],
        runs=[out / "runs"],
        models=[out / "artifacts/models"],
        artifacts=(out / "artifacts").as_uri(),
    )


@pytest.fixture
def store(tmp_path, places):
    """Pets, to which a reviewed image was added, on two branches, and a model made of that commit."""
    store = open_store((tmp_path / "store").as_uri())
    for number in range(40):
        path = tmp_path / "pets" / ("cat", "dog")[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(noise(number)))
    ingest(str(tmp_path / "pets"), store, "pets", Options(task="classification"), cache=tmp_path / "cache")
    queue = Queue(places.inbox)
    for image in (IMAGE, jpeg(noise(2000))):
        queue.decide(decision(put(places.inbox, image)))
    made = commit_accepted(queue, store, "pets", by="ann")
    store.commit("photos", {"a.jpg": IMAGE, "b.jpg": b"other"}, branch="side")
    model = tmp_path / "out/artifacts/models" / ("c" * 64)
    model.mkdir(parents=True)
    (model / "provenance.intoto.jsonl").write_text(json.dumps({"uri": f"data:{made.ref}"}) + "\n")
    return store


def index_of(store):
    return DatasetIndex.loads(store.read("pets", "dataset.json"))


def test_it_is_gone_wherever_that_can_be_and_what_stays_is_named(store, places):
    before, head = index_of(store), store.head("pets")
    found = forget(DIGEST, store, places, by="ann", why="she asked")
    (item,) = found.items
    assert found.digests == {DIGEST}
    assert [each.split("@")[0] for each in found.heads] == ["pets", "photos"]
    assert {each.partition("/")[0] for each in found.inbox} == {
        "submissions",
        "decisions",
        "commits",
        "images",
    }
    assert len(found.images) == len(found.features) == len(found.models) == len(found.logs) == 1
    assert len(found.caches) == 2
    after = index_of(store)
    assert [each for each in before.items if each.id != item] == after.items
    assert item not in read_origins(store, "pets")
    assert len(read_origins(store, "pets")) == 1
    assert [file.path for file in store.ls("photos@side")] == ["b.jpg"]
    assert said_of(store.head("pets").description, 200) == f"forgot {item}, asked by ann: she asked"
    again = look(DIGEST, store, places)
    assert again.gone
    assert len(again.history) == 2  # the commits that had it, in both repositories
    assert str(head.ref) in again.history[0]
    assert len(list(places.inbox.submissions())) == 1


def test_what_the_log_told_of_a_submission_goes_with_it(store, places):
    known, asked = (put(places.inbox, IMAGE, answered=None) for _ in range(2))
    record = {"prediction_id": places.inbox.submission(known)["prediction_id"], "image_sha256": DIGEST}
    log = places.logs[0] / "another.jsonl"
    log.write_text(json.dumps({**record, "answer": {"label": "cat"}}) + "\n")
    join(places.inbox, str(log))
    keys = {f"answers/{known}.json", f"unanswered/{asked}.json"}
    assert keys <= {*forget(DIGEST, store, places, by="ann", why="").inbox}
    assert not any(places.inbox.objects.entry(key) for key in keys)


def logged(place, pixels, as_file):
    """An answer about an image, kept with it as a server does; its id."""
    data = jpeg(pixels) if as_file else b""
    image = Image(pixels, hashlib.sha256(data or pixels.tobytes()).hexdigest(), data)
    written, identifier = PredictionLog(place, images=True), str(uuid.uuid4())
    now = datetime.now(UTC).isoformat()
    written.append({"prediction_id": identifier, "time": now, "image_sha256": image.sha256}, image)
    written.close()
    return identifier


@pytest.mark.parametrize("as_file", [True, False])
def test_a_log_elsewhere_keeps_no_copy_and_brings_none_back(store, places, log, as_file):
    pixels = np.full((32, 32, 3), 41, np.uint8)
    about, other = logged(log, pixels, as_file), logged(log, pixels + 1, as_file)
    places.log = log
    for each in (about, other):
        places.inbox.put(submission(prediction_id=each, answered=None))
    assert join(places.inbox, log) == 2
    (digest,) = {
        each["image_sha256"] for each in places.inbox.submissions() if each["prediction_id"] == about
    } - {""}
    places.inbox.put(submission(prediction_id=about, answered=None, note="of another client"))
    before = list(image_keys(log))
    found = forget(digest, store, places, by="ann", why="she asked")
    assert (len(before), len(found.logged), len(found.logs)) == (2, 1, 1)
    assert before != [*image_keys(log)] == [key for key in before if key not in found.logged]
    assert look(digest, store, places).gone
    assert {each["prediction_id"] for each in places.inbox.submissions()} & {about, other} == {other}
    places.inbox.put(submission(prediction_id=about, answered=None))
    assert join(places.inbox, log) == 0


def test_an_answer_about_another_image_than_was_sent_back_takes_that_with_it_for_nobody(store, places, log):
    places.log = log
    about = logged(log, np.full((32, 32, 3), 41, np.uint8), as_file=True)
    put(places.inbox, IMAGE, prediction_id=about)
    assert forget(DIGEST, store, places, by="ann", why="").logged == []
    assert len(list(image_keys(log))) == 1


def test_by_the_item_s_name_it_is_the_same(store, places):
    (item,) = (each.id for each in index_of(store).items if each.image_sha256 == DIGEST)
    assert forget(item, store, places, by="ann", why="").digests == {DIGEST}
    assert look(DIGEST, store, places).gone


def test_purged_its_bytes_are_nowhere(store, places):
    head = store.head("pets")
    path = next(file.path for file in store.ls(head) if file.sha256 == DIGEST)
    forget(DIGEST, store, places, by="ann", why="", purge=True)
    with pytest.raises(StoreError):
        store.read(head, path)
    assert IMAGE not in {each.read_bytes() for each in store.root.rglob("*") if each.is_file()}


def test_what_was_purged_is_told_from_damage(store, places):
    other = next(item for item in index_of(store).items if item.image_sha256 != DIGEST)
    forget(DIGEST, store, places, by="ann", why="she asked")
    assert bytes_are_kept(store, [DIGEST])
    assert fsck(store).forgotten == []
    found = forget(DIGEST, store, places, by="bob", why="", purge=True)
    assert not bytes_are_kept(store, [DIGEST])
    assert len(found.history) == 2  # the heads that had it before the first time are old commits now
    report = fsck(store)
    assert report.ok
    (gone,) = report.forgotten
    assert (gone.subject, gone.detail.partition(",")[2]) == (DIGEST, " asked by ann: she asked")
    store.blobs.path(other.image_sha256).unlink()
    assert [each.subject for each in fsck(store).problems] == [other.image_sha256]


def test_what_is_gone_already_is_said_with_its_reason(store, places):
    sent = jpeg(noise(3000))
    put(places.inbox, sent)
    digest = hashlib.sha256(sent).hexdigest()
    forget(digest, store, places, by="ann", why="she asked")
    with pytest.raises(ReviewError, match=r"forgotten 2.*asked by ann: she asked; nothing here has it"):
        forget(digest, store, places, by="ann", why="again")


def test_what_the_page_keeps_for_a_while_goes_too(store, places):
    (out,) = places.logs
    for path in ("web/compared/" + DIGEST, "web/answers/one/image", "web/answers/other/image"):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(IMAGE if "other" not in path else b"another")
    forget(DIGEST, store, places, by="ann", why="")
    assert [path.name for path in (out / "web/answers").iterdir()] == ["other"]
    assert not list((out / "web/compared").iterdir())


def test_the_former_head_is_among_what_still_names_it(store, places):
    head = store.head("pets")
    found = forget(DIGEST, store, places, by="ann", why="")
    assert any(line.startswith(f"{head.ref} ") for line in found.history)


def test_what_nobody_has_is_said_to_be_nowhere(store, places):
    with pytest.raises(ReviewError, match="no head, commit, inbox, log or cache"):
        forget("e" * 64, store, places, by="ann", why="")


def test_a_bucket_cannot_be_purged_from_here(s3, places):
    store = open_store("s3://data/team")
    store.commit("photos", {"a.jpg": IMAGE})
    with pytest.raises(ReviewError, match="blobs/<SHA-256>"):
        forget(DIGEST, store, places, by="ann", why="", purge=True)
    forget(DIGEST, store, places, by="ann", why="")
    assert look(DIGEST, store, places).gone


def test_the_head_without_it_can_be_trained_on(store, places, tmp_path, monkeypatch):
    monkeypatch.setenv("PYLIB_STORE", store.root.as_uri())
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "training"))
    forget(DIGEST, store, places, by="ann", why="she asked")
    head = store.head("pets")
    (tmp_path / "training").mkdir()
    prepare(tmp_path / "training/shards", data=str(head.ref), image_size=32)
    record = next(each for each in read_bundle(tmp_path / "training/shards") if step_name(each) == "forget")
    told = record["predicate"]["buildDefinition"]["externalParameters"]
    assert (told["by"], told["message"], told["images"]) == ("ann", "she asked", [DIGEST])
    (subject,) = record["subject"]
    assert subject["digest"]["dirHash"] == dir_hash({file.path: file.sha256 for file in store.ls(head.ref)})


@pytest.fixture
def masks(tmp_path):
    """Two repositories of masks whose items have the same ids, and all masks the same bytes."""
    store = open_store((tmp_path / "store").as_uri())
    for number, name in enumerate(("one", "two")):
        folder = Folder(tmp_path / name)
        for item in range(30):
            folder.put(f"item_{item:02}", seed=100 * number + item)
        ingest(str(folder.root), store, name, Options(), cache=tmp_path / "cache")
    return store


def test_a_mask_of_the_same_bytes_stays_whatever_is_purged(masks, places):
    before = DatasetIndex.loads(masks.read("one", "dataset.json")).items
    item = before[3]
    mask = item.files[item.target.file]
    assert sum(each.files[each.target.file] == mask for each in before) == len(before)
    forget(f"one:{item.id}", masks, places, by="ann", why="")
    found = forget(f"one:{item.id}", masks, places, by="ann", why="", purge=True)
    assert found.digests == {item.image_sha256}
    assert not bytes_are_kept(masks, found.digests)
    after = DatasetIndex.loads(masks.read("one", "dataset.json"))
    assert after.items == [each for each in before if each != item]
    assert fsck(masks).ok
    assert [each.subject for each in fsck(masks).forgotten] == [item.image_sha256]
    with pytest.raises(ReviewError, match="no image, but another file of an item"):
        forget(mask, masks, places, by="ann", why="", purge=True)


def test_bytes_that_a_head_names_as_another_file_are_not_purged(masks, places):
    index = DatasetIndex.loads(masks.read("one", "dataset.json"))
    item, other = index.items[3:5]
    image = masks.read("one", item.image)
    target = other.target.model_copy(update={"sha256": item.image_sha256})
    items = [each.model_copy(update={"target": target}) if each == other else each for each in index.items]
    files = {target.file: image, "dataset.json": index.model_copy(update={"items": items}).dumps()}
    masks.commit("one", files, mode="add")
    found = forget(f"one:{item.id}", masks, places, by="ann", why="", purge=True)
    (line,) = found.kept
    assert line.endswith(f"(master): {target.file}")
    assert masks.read("one", target.file) == image


def test_an_id_of_two_images_is_refused_until_one_is_named(masks, places):
    ids = {name: DatasetIndex.loads(masks.read(name, "dataset.json")).items for name in ("one", "two")}
    item = ids["one"][5]
    with pytest.raises(ReviewError, match=f"2 images have this id.*one:{item.id}.*REPOSITORY:ID"):
        forget(item.id, masks, places, by="ann", why="")
    found = forget(item.id, masks, places, by="ann", why="", repository="one")
    assert found.digests == {item.image_sha256}
    assert DatasetIndex.loads(masks.read("two", "dataset.json")).items == ids["two"]
    with pytest.raises(ReviewError, match="2 images have this id"):  # not the other one, now that it is alone
        forget(item.id, masks, places, by="ann", why="", purge=True)
    with pytest.raises(ReviewError, match="nine: no repository"):
        forget(item.id, masks, places, by="ann", why="", repository="nine")


def test_while_a_commit_is_made_nothing_is_forgotten(store, places):
    head = store.head("pets")
    with (
        turn(places.inbox, "pets", "master", "bob"),
        pytest.raises(ReviewError, match=r"pets@master: bob .* changes it now"),
    ):
        forget(DIGEST, store, places, by="ann", why="")
    assert store.head("pets") == head
    assert not look(DIGEST, store, places).gone


def test_one_that_was_killed_between_its_deletions_is_ended_by_the_next(store, places, monkeypatch):
    delete, calls = places.inbox.objects.delete, []

    def killed(keys):
        calls.append(keys)
        if len(calls) > 1:
            raise KeyboardInterrupt
        delete(keys)

    with monkeypatch.context() as patched:
        patched.setattr(places.inbox.objects, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            forget(DIGEST, store, places, by="ann", why="")
    assert all(not key.startswith("submissions/") for key in calls[0])
    forget(DIGEST, store, places, by="ann", why="")
    assert look(DIGEST, store, places).gone
    decided = {each["id"] for each in Queue(places.inbox).history()}
    assert decided == {each["id"] for each in places.inbox.submissions()}
