"""A file of a store by name: what it means, and what is said where it means nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.errors import NotFoundError, StoreError
from pylib.store.files import FileRef, keep
from pylib.store.opening import open_store

NAME = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
PATH = st.text(st.characters(categories=["L", "N"], include_characters="._-/: @"), min_size=1)


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


@pytest.fixture
def weights(tmp_path):
    file = tmp_path / "first.weights.h5"
    file.write_bytes(b"numbers")
    return file


@given(NAME, NAME, PATH)
def test_a_name_is_read_as_it_was_written(repository, revision, path):
    text = f"{repository}@{revision}:{path}"
    assert str(FileRef.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "none", "imagenet", "weights", "weights@master", "a:b", "w@master:", "a b@c:d"]
)
def test_what_names_no_file_is_refused(text):
    with pytest.raises(StoreError):
        FileRef.parse(text)


def test_what_was_kept_is_found_pinned_and_fetched(store, weights, tmp_path):
    kept = keep(store, "weights", weights, "first weights")
    assert kept.commit.is_id
    assert FileRef.parse("weights@master:first.weights.h5").pinned(store) == kept
    (tmp_path / "there").mkdir()
    fetched = kept.fetch(store, tmp_path / "there")
    assert (fetched.name, fetched.read_bytes()) == ("first.weights.h5", b"numbers")


def test_another_file_is_kept_beside_the_first_and_the_same_one_is_no_new_commit(store, weights, tmp_path):
    first = keep(store, "weights", weights, "")
    assert keep(store, "weights", weights, "again") == first
    other = tmp_path / "other.h5"
    other.write_bytes(b"more")
    second = keep(store, "weights", other, "")
    assert second.commit != first.commit
    assert {file.path for file in store.ls(second.commit)} == {"first.weights.h5", "other.h5"}


def test_a_file_that_is_not_there_is_said_with_what_is(store, weights):
    kept = keep(store, "weights", weights, "")
    with pytest.raises(
        NotFoundError, match=r"second.h5: no such file in that commit; it has: first.weights.h5"
    ):
        FileRef(kept.commit, "second.h5").found(store)


def test_a_file_of_this_machine_is_no_name(weights):
    assert not FileRef.names(str(weights))
    assert FileRef.names("weights@master:first.weights.h5")
