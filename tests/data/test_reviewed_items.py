"""A source that comes again takes nothing that people sent, and brings back nothing that was forgotten."""

import pytest

from pylib.data.dataset import DatasetIndex
from pylib.data.plan import Options
from pylib.errors import DataError
from pylib.review.commit import commit_accepted
from pylib.review.forget import Places, forget
from pylib.review.origins import read_origins
from pylib.review.queue import Queue
from pylib.steps.ingest import ingest
from pylib.store.inbox import Inbox
from pylib.store.local import LocalStore
from tests.data.made import encode, noise
from tests.review.submitting import decision, put


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


@pytest.fixture
def inbox(tmp_path):
    return Inbox((tmp_path / "inbox").as_uri())


@pytest.fixture
def pets(tmp_path):
    return folder(tmp_path / "pets", range(40))


@pytest.fixture
def sent(store, inbox, pets, again):
    """Of forty cats and dogs of noise, two more that people sent and a reviewer accepted."""
    again()
    queue = Queue(inbox)
    for number in (1000, 2000):
        queue.decide(decision(put(inbox, encode(noise(number)))))
    return commit_accepted(queue, store, "pets", by="ann", message="of May")


@pytest.fixture
def again(store, pets, tmp_path):
    def again(source=pets, repository="pets", **options):
        return ingest(
            str(source),
            store,
            repository,
            Options(task="classification", **options),
            cache=tmp_path / "cache",
            report=tmp_path / "report",
        )

    return again


def folder(place, numbers):
    for number in numbers:
        path = place / ("cat", "dog")[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(number)))
    return place


def people(index):
    return [item.id for item in index.items if item.id.startswith("feedback/")]


def test_the_same_again_is_the_head_with_what_people_sent(store, sent, again):
    result = again()
    assert (result.commit.id, result.new) == (sent.id, False)
    assert any("what people sent stays, 2 of the images" in each for each in result.assumed)


def test_what_changed_in_the_source_changes_and_what_people_sent_stays(store, sent, again, pets):
    (pets / "cat/00.jpg").unlink()
    folder(pets, [40])
    result = again()
    index = DatasetIndex.loads(store.read(result.commit, "dataset.json"))
    assert (result.new, index) == (True, result.index)
    ids = {item.id for item in index.items}
    assert "cat/40" in ids
    assert "cat/00" not in ids
    assert people(index) == sorted(read_origins(store, result.commit))
    assert len(people(index)) == 2
    files = {path for item in index.items for path in item.files} | {"dataset.json"}
    there = {file.path for file in store.ls(result.commit)}
    assert {path for path in there if not path.startswith("origins/")} == files


def test_they_go_where_somebody_says_so(store, sent, again):
    result = again(replace=True)
    assert people(result.index) == []
    assert store.ls(result.commit, "origins") == []


@pytest.mark.usefixtures("sent")
def test_items_of_another_source_are_not_dropped_unasked(store, again, tmp_path):
    more = folder(tmp_path / "more", range(50, 55))
    added = again(more, add=True).commit
    with pytest.raises(
        DataError, match=r"5 of its items .*/more, too: --add keeps them, --replace drops them"
    ):
        again()
    assert store.head("pets").id == added.id
    assert again(add=True).commit.id == added.id
    assert len(again(replace=True).index.items) == 40


def test_what_was_forgotten_comes_back_by_no_ingest_and_no_review(store, sent, inbox, again):
    image = next(
        item for item in DatasetIndex.loads(store.read(sent, "dataset.json")).items if item.id == "cat/02"
    )
    forget("cat/02", store, Places(inbox), by="ann", why="her owner asked")
    head = store.head("pets")
    result = again()
    assert (result.commit.id, result.new) == (head.id, False)
    (found,) = (each for each in result.findings if each.code == "forgotten")
    assert (found.item, found.reason.partition(",")[2]) == ("cat/02", " asked by ann: her owner asked")
    assert image.image_sha256 not in {item.image_sha256 for item in again(repository="other").index.items}
    queue = Queue(inbox)
    queue.decide(decision(submission := put(inbox, encode(noise(2)))))
    assert commit_accepted(queue, store, "pets", by="ann") is None
    assert "her owner asked" in queue.left_out(submission)
