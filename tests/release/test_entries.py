"""The releases of a model as Git's history tells them."""

from pylib.release.entries import count, entries
from pylib.release.git import Git
from pylib.release.rollback import roll_back
from pylib.store.artifacts import ArtifactStore
from tests.release.conftest import MANIFEST, NAME


def test_each_release_says_what_it_serves_and_what_was_before(tmp_path, promote):
    first, second = promote("first"), promote("second")
    git = Git(tmp_path / "gitops")
    newest, before = entries(git, NAME)  # the commit before the first release serves nothing
    assert (newest.commit, newest.digest, newest.replaces) == (second.commit, second.digest, first.digest)
    assert (before.commit, before.digest, before.replaces) == (first.commit, first.digest, "")
    assert (newest.data, newest.code) == ("sample@c0ffee", "1" * 40)
    assert newest.is_release
    assert newest.gate == "passed: mean_iou 0.8 (≥ 0.7)"
    assert "mean_iou    0.8  ≥ 0.7" in newest.body
    assert count(git, NAME) == 2


def test_a_canary_has_its_own_data_and_gate(tmp_path, promote):
    first = promote("first", data_commit="sample@first")
    promote("second", figures={"iou": 0.9}, data_commit="sample@second", traffic=10)
    newest = entries(Git(tmp_path / "gitops"), NAME)[0]
    assert newest.brings_canary
    assert (newest.digest, newest.data) == (first.digest, "sample@second")
    assert newest.gate == "passed: mean_iou 0.9 (≥ 0.7)"


def test_a_commit_that_changes_no_model_is_no_release(tmp_path, promote, commit_all):
    first, git = promote("first"), Git(tmp_path / "gitops")
    path = tmp_path / "gitops" / MANIFEST
    path.write_text(path.read_text().replace("s3://models", "s3://others"))
    commit_all(tmp_path / "gitops", "Another store")
    assert [each.commit for each in entries(git, NAME)] == [first.commit]
    assert count(git, NAME) == 1


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
