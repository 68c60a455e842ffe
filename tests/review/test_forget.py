"""An image is taken from every head, the inbox, the log's images and the caches, and nothing else is."""

import hashlib
import json

import numpy as np
import pytest

from pylib.data.dataset import DatasetIndex
from pylib.data.images import decode_image, resize_image
from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.errors import ReviewError, StoreError
from pylib.features.key import TableKey
from pylib.features.segments import encode, image_key
from pylib.review.commit import commit_accepted
from pylib.review.forget import Places, bytes_are_kept, forget, look
from pylib.review.origins import read_origins
from pylib.review.queue import Queue
from pylib.store.inbox import Inbox
from pylib.store.maintenance import fsck
from pylib.store.opening import open_store
from tests.data.made import encode as jpeg
from tests.data.made import noise
from tests.review.submitting import decision, put

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
    assert "forget" in store.head("pets").description
    again = look(DIGEST, store, places)
    assert again.gone
    assert len(again.history) == 2  # the commits that had it, in both repositories
    assert str(head.ref) in again.history[0]
    assert len(list(places.inbox.submissions())) == 1


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
