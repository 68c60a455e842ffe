"""The releases of a model as Git's history tells them."""

from pylib.release.entries import count, entries
from pylib.release.git import Git
from pylib.release.rollback import roll_back
from pylib.store.artifacts import ArtifactStore
from tests.release.conftest import MANIFEST, NAME


def test_each_release_says_what_it_serves_and_what_was_before(tmp_path, promote):
    first, second = promote("first"), promote("second")
    git = Git(tmp_path / "gitops")
    newest, before, source = entries(git, NAME)
    assert (newest.commit, newest.digest, newest.replaces) == (second.commit, second.digest, first.digest)
    assert (before.commit, before.digest, before.replaces) == (first.commit, first.digest, "")
    assert (newest.data, newest.code) == ("sample@c0ffee", "1" * 40)
    assert newest.is_release
    assert newest.gate == "passed: mean_iou 0.8 (≥ 0.7)"
    assert "mean_iou    0.8  ≥ 0.7" in newest.body
    assert (source.subject, source.author, source.digest) == ("First", "Ann", "")
    assert not source.is_release
    assert count(git, NAME) == 3


def test_pages_of_the_history_follow_each_other(tmp_path, promote):
    for name in ("first", "second", "third"):
        promote(name)
    git = Git(tmp_path / "gitops")
    one, two = entries(git, NAME, limit=2), entries(git, NAME, skip=2, limit=2)
    assert [each.commit for each in one + two] == [each.commit for each in entries(git, NAME)]


def test_a_rollback_serves_the_former_model_by_no_release(tmp_path, promote, source):
    first, _ = promote("first"), promote("second")
    places = {"artifacts": ArtifactStore(str(tmp_path / "artifacts")), "repository": tmp_path / "gitops"}
    roll_back(name=NAME, source=source, push=False, **places)
    newest = entries(Git(tmp_path / "gitops"), NAME)[0]
    assert newest.digest == first.digest
    assert newest.subject.startswith("Revert ")
    assert not newest.is_release


def test_a_manifest_that_a_person_broke_is_a_commit_that_serves_nothing(tmp_path, promote, commit_all):
    promote("first")
    (tmp_path / "gitops" / MANIFEST).write_text("kind: [\n")
    commit_all(tmp_path / "gitops", "Oops")
    newest = entries(Git(tmp_path / "gitops"), NAME)[0]
    assert (newest.subject, newest.digest) == ("Oops", "")
