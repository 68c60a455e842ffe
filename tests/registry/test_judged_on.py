"""Whether two versions were judged on the same test items, as the data store has them."""

from datetime import UTC, datetime

import pytest

from pylib.data.dataset import INDEX_FILE
from pylib.registry.judged_on import note
from pylib.registry.versions import Version
from pylib.store.opening import open_store
from tests.data.index import data_set


@pytest.fixture
def store(tmp_path):
    return (tmp_path / "store").as_uri()


@pytest.fixture
def version(store):
    """A version that was judged on a data set of that name, with so many test items from a number on."""
    numbers = iter(range(1, 9))

    def make(repository: str, tests: range, train: int = 1) -> Version:
        index = data_set(train=train, test=99)
        items = [each for each in index.items if each.split == "train"]
        for number in tests:
            one = next(each for each in index.items if each.id == f"test{number:03}")
            items.append(one.model_copy(update={"image_sha256": f"{number:064}"}))
        whole = index.model_copy(update={"items": sorted(items, key=lambda item: item.id)})
        made = open_store(store).commit(repository, {INDEX_FILE: whole.dumps()})
        return judged(str(made.ref), next(numbers))

    return make


def judged(data: str, number: int = 1) -> Version:
    texts = dict.fromkeys(("digest", "verdict", "reason", "score", "gate", "git_commit", "judged"), "")
    rest = {"removed": False, "aliases": (), "run": "", "source": "", "registered": datetime.now(UTC)}
    return Version(name="classification", number=number, data_commit=data, **texts, **rest)


def test_of_one_commit_there_is_nothing_to_say(store, version):
    one = version("inks", range(3))
    assert note(one, one, store) == ""


def test_other_training_images_make_no_other_test(store, version):
    one, other = version("inks", range(3), train=1), version("inks", range(3), train=5)
    assert one.data_commit != other.data_commit
    assert note(one, other, store) == ""


def test_other_test_items_are_counted_with_those_that_both_have(store, version):
    one, other = version("inks", range(3)), version("waste", range(2, 7))
    said = note(one, other, store)
    assert said.startswith("not the same test items: classification 1 was judged on 3 of inks@")
    assert "classification 2 was judged on 5 of waste@" in said
    assert "; 1 are in both" in said


def test_a_commit_that_is_not_at_hand_leaves_it_open(store, version):
    one = version("inks", range(3))
    said = note(one, judged("gone@" + "0" * 64), store)
    assert "whose test items cannot be compared here" in said
    assert "gone" in said
    assert "it is not recorded" in note(one, judged(""), store)
