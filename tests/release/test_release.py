"""Releases in real Git repositories: what a commit holds, what is refused, and the way back."""

import json
import re
from pathlib import Path

import pytest

from pylib.errors import ConfigurationError, GateError, ReleaseError
from pylib.evaluation.gate import Gate
from pylib.release.release import released
from pylib.serving.deployment import read_deployment
from pylib.serving.repository import manifest, served_models
from pylib.store.artifacts import ArtifactStore

MANIFEST = manifest("segmentation")
FORMER = Path("cluster-conf/model/base/seldondeployment.yaml")


def test_a_release_is_one_commit_and_an_uploaded_model(tmp_path, promote, source, in_git):
    before = in_git(source, "rev-parse", "HEAD")
    made = promote("first", provenance="out/first/provenance.intoto.jsonl")
    clone = tmp_path / "gitops"

    assert made.is_new
    served = released(clone)
    assert (served.digest, served.commit) == (made.digest, made.commit)
    assert (served.data_commit, served.git_commit) == ("sample@c0ffee", "1" * 40)
    assert served.gate == "passed: mean_iou 0.8 (≥ 0.7)"
    assert ArtifactStore(str(tmp_path / "artifacts")).list_models() == [made.digest]
    assert in_git(clone, "rev-list", "HEAD", f"^{before}") == made.commit
    assert in_git(clone, "show", "--name-only", "--format=", "HEAD") == MANIFEST.as_posix()
    assert in_git(clone, "status", "--porcelain") == ""
    assert in_git(clone, "branch", "--show-current") == "trunk"

    message = in_git(clone, "log", "-1", "--format=%B")
    assert message.splitlines()[0] == f"Release segmentation {made.digest[:12]}, mean IoU 0.800 on sample"
    assert "mean_iou    0.8  ≥ 0.7" in message
    trailers = in_git(clone, "log", "-1", "--format=%(trailers)").splitlines()
    assert f"Model: sha256:{made.digest}" in trailers
    assert "Data: sample@c0ffee" in trailers
    assert "Provenance: out/first/provenance.intoto.jsonl" in trailers
    assert "Replaces: nothing, this is the first release" in trailers


def test_the_users_repository_is_not_touched(promote, source, in_git):
    (source / "README.md").write_text("work in progress\n")
    (source / "new.txt").write_text("untracked\n")
    before = [in_git(source, *c) for c in (["status", "--porcelain"], ["for-each-ref"], ["stash", "list"])]
    promote("first")
    promote("second")
    after = [in_git(source, *c) for c in (["status", "--porcelain"], ["for-each-ref"], ["stash", "list"])]
    assert before == after
    assert (source / "README.md").read_text() == "work in progress\n"


def test_the_same_model_is_released_once(tmp_path, promote, in_git):
    first, again = promote("first"), promote("first")
    assert (again.commit, again.digest, again.is_new) == (first.commit, first.digest, False)
    assert in_git(tmp_path / "gitops", "rev-list", "--count", "HEAD") == "2"


def test_git_revert_brings_the_former_model_back(tmp_path, promote, in_git):
    clone = tmp_path / "gitops"
    first, second = promote("first"), promote("second", data_commit="sample@beef")
    assert f"Replaces: sha256:{first.digest}" in in_git(clone, "log", "-1", "--format=%B")
    assert released(clone).digest == second.digest

    in_git(clone, "revert", "HEAD", "--no-edit")  # without an author in the configuration, as here

    back = released(clone)
    assert (back.digest, back.data_commit) == (first.digest, "sample@c0ffee")
    assert back.commit not in {first.commit, second.commit}
    assert promote("second").is_new
    assert released(clone).digest == second.digest


def test_new_commits_of_the_source_come_in_and_releases_stay(tmp_path, promote, source, commit_all, in_git):
    clone = tmp_path / "gitops"
    first = promote("first")
    (source / "README.md").write_text("two\n")
    path = source / MANIFEST
    path.write_text(path.read_text().replace("value: s3://models", "value: s3://other"))
    newest = commit_all(source, "Second")

    second = promote("second")

    assert (clone / "README.md").read_text() == "two\n"
    assert "s3://other" in (clone / MANIFEST).read_text()
    history = in_git(clone, "rev-list", "HEAD").split()
    assert {first.commit, second.commit, newest} <= set(history)
    assert in_git(clone, "show", "--name-only", "--format=", "HEAD") == MANIFEST.as_posix()
    in_git(clone, "revert", "HEAD", "--no-edit")
    assert released(clone).digest == first.digest


def test_a_rewritten_source_and_a_conflicting_edit_do_not_stop_a_release(
    tmp_path, promote, source, commit_all, in_git
):
    first = promote("first")
    path = source / MANIFEST
    path.write_text(path.read_text().replace('value: ""', 'value: "by hand"'))
    (source / "README.md").unlink()
    in_git(source, "checkout", "-q", "--orphan", "rewritten")
    commit_all(source, "Rewritten")
    again = promote("first")
    assert (again.is_new, again.digest) == (False, first.digest)
    assert not (tmp_path / "gitops" / "README.md").exists()
    assert released(tmp_path / "gitops").digest == first.digest


def test_before_a_release_the_clone_just_follows(tmp_path, promote, source, commit_all, in_git):
    promote("first")
    in_git(tmp_path / "gitops", "reset", "-q", "--hard", "HEAD~1")
    newest = commit_all_after_change(source, commit_all)
    made = promote("second")
    assert in_git(tmp_path / "gitops", "rev-parse", f"{made.commit}^") == newest


def commit_all_after_change(source, commit_all) -> str:
    (source / "README.md").write_text("three\n")
    return commit_all(source, "Third")


@pytest.mark.parametrize("state", ["detached", "shallow", "worktree", "bare", "url"])
def test_any_kind_of_source_will_do(tmp_path, promote, source, commit_all, in_git, state):
    commit_all_after_change(source, commit_all)
    other = tmp_path / "other"
    match state:
        case "detached":
            in_git(source, "checkout", "-q", "--detach")
            other = source
        case "shallow":
            in_git(tmp_path, "clone", "-q", "--depth=1", source.as_uri(), str(other))
        case "worktree":
            in_git(source, "worktree", "add", "-q", str(other))
        case "bare":
            in_git(tmp_path, "clone", "-q", "--bare", str(source), str(other))
        case "url":
            other = source.as_uri()
    first = promote("first", source=other)
    second = promote("second", source=other)
    assert released(tmp_path / "gitops").digest == second.digest
    in_git(tmp_path / "gitops", "revert", "HEAD", "--no-edit")
    assert released(tmp_path / "gitops").digest == first.digest
    assert in_git(tmp_path / "gitops", "branch", "--show-current")


def test_a_shallow_source_may_move_on(tmp_path, promote, source, commit_all, in_git):
    shallow = tmp_path / "shallow"
    in_git(tmp_path, "clone", "-q", "--depth=1", source.as_uri(), str(shallow))
    first = promote("first", source=shallow)
    commit_all_after_change(source, commit_all)
    in_git(shallow, "fetch", "-q", "--depth=1")
    in_git(shallow, "reset", "-q", "--hard", "FETCH_HEAD")
    assert not promote("first", source=shallow).is_new
    assert (tmp_path / "gitops" / "README.md").read_text() == "three\n"
    assert released(tmp_path / "gitops").digest == first.digest


def test_inside_a_git_hook_the_hooks_repository_stays_as_it_is(promote, source, in_git, monkeypatch):
    before = in_git(source, "for-each-ref")
    monkeypatch.setenv("GIT_DIR", str(source / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(source / ".git" / "index"))
    made = promote("first")
    monkeypatch.undo()
    assert in_git(source, "for-each-ref") == before
    assert made.is_new


def test_push_sends_the_release_to_the_sources_branch(tmp_path, promote, source, in_git):
    remote = tmp_path / "remote.git"
    in_git(tmp_path, "clone", "-q", "--bare", str(source), str(remote))
    made = promote("first", source=str(remote), push=True)
    assert in_git(remote, "rev-parse", "trunk") == made.commit

    # Another machine releases; this one takes that in, releases on top, and pushes again.
    elsewhere = promote("second", source=str(remote), repository=tmp_path / "elsewhere", push=True)
    third = promote("third", source=str(remote), push=True)
    assert in_git(remote, "rev-parse", "trunk") == third.commit
    assert elsewhere.commit in in_git(remote, "rev-list", "trunk").split()


def test_a_push_that_is_refused_is_one_line_and_can_be_tried_again(tmp_path, promote, source, in_git):
    remote = tmp_path / "remote.git"
    in_git(tmp_path, "clone", "-q", "--bare", str(source), str(remote))
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(ReleaseError, match="release again to push it") as error:
        promote("first", source=str(remote), push=True)
    assert "\n" not in str(error.value)
    hook.unlink()
    made = promote("first", source=str(remote), push=True)
    assert in_git(remote, "rev-parse", "trunk") == made.commit == released(tmp_path / "gitops").commit


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (
            {"iou": 0.412},
            r"mean_iou 0\.412 \(≥ 0\.7\); the model is kept, and its report is in .*poor/evaluation",
        ),
        (
            {"same": 0.99},
            r"export and trained model differ: 99\.0000% of the pixels agree \(minimum 99\.9%\)",
        ),
        ({"iou": 0.1, "same": 0.5}, r"mean_iou 0\.1 \(≥ 0\.7\); export and trained model differ"),
    ],
)
def test_a_model_below_the_gate_is_kept_and_not_released(tmp_path, promote, figures, says):
    with pytest.raises(GateError, match=says) as error:
        promote("poor", figures=figures)
    assert "\n" not in str(error.value)
    assert (tmp_path / "poor" / "model" / "model.onnx").exists()
    assert not (tmp_path / "gitops").exists()
    assert ArtifactStore(str(tmp_path / "artifacts")).list_models() == []


def test_passed_written_by_hand_does_not_help(tmp_path, promote, judged):
    _, evaluation, _ = judged("poor", iou=0.1)
    path = evaluation / "evaluation.json"
    path.write_text(path.read_text().replace('"passed": false', '"passed": true'))
    with pytest.raises(GateError, match=r"mean_iou 0\.1"):
        promote("poor")


def test_an_evaluation_of_another_model_is_refused(tmp_path, promote, judged):
    model, _, _ = judged("first")
    (model / "model.onnx").write_bytes(b"another")
    with pytest.raises(ReleaseError, match="evaluate this model"):
        promote("first")


@pytest.mark.parametrize("damage", ["no model", "no evaluation", "evaluation cut off", "empty gate"])
def test_damaged_inputs_are_one_line(tmp_path, promote, judged, damage):
    model, evaluation, _ = judged("first")
    path = evaluation / "evaluation.json"
    match damage:
        case "no model":
            (model / "model.onnx").unlink()
        case "no evaluation":
            path.unlink()
        case "evaluation cut off":
            path.write_text(path.read_text()[:-20])
        case "empty gate":
            path.write_text(
                json.dumps(json.loads(path.read_text()) | {"gate": {"passed": True, "checks": []}})
            )
    with pytest.raises((ReleaseError, ConfigurationError)) as error:
        promote("first")
    assert re.search(f"{tmp_path}|gate without a check", str(error.value))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "gitops").exists()


def test_nothing_released_yet(tmp_path, source):
    with pytest.raises(ReleaseError, match="names no model yet: run `pylib release`"):
        released(source)
    with pytest.raises(ReleaseError, match="is no repository with releases"):
        released(tmp_path / "nowhere")


@pytest.fixture
def breeds(source, commit_all) -> Path:
    """A second served model in the user's repository: its manifest."""
    path = source / manifest("breeds")
    path.parent.mkdir(parents=True)
    path.write_text((source / MANIFEST).read_text().replace("name: segmentation", "name: breeds"))
    commit_all(source, "Serve breeds, too")
    return path


def test_two_models_are_released_side_by_side_each_with_its_own_history(tmp_path, promote, breeds, in_git):
    clone = tmp_path / "gitops"
    first = promote("first")
    other = promote("other", name="breeds", data_commit="breeds@beef")
    assert in_git(clone, "show", "--name-only", "--format=", "HEAD") == manifest("breeds").as_posix()
    assert in_git(clone, "log", "-1", "--format=%s").startswith(f"Release breeds {other.digest[:12]}")
    assert (released(clone, "segmentation").digest, released(clone, "segmentation").commit) == (
        first.digest,
        first.commit,
    )
    assert (released(clone, "breeds").digest, released(clone, "breeds").data_commit) == (
        other.digest,
        "breeds@beef",
    )
    second = promote("second")
    in_git(clone, "revert", "--no-edit", other.commit)
    assert released(clone, "segmentation").digest == second.digest
    with pytest.raises(ReleaseError, match=r"models/breeds/.* names no model yet"):
        released(clone, "breeds")


def test_of_several_models_none_is_the_one_that_is_named_as_its_task(tmp_path, promote, breeds):
    made = promote("first", name=None)
    assert released(tmp_path / "gitops", "segmentation").digest == made.digest
    with pytest.raises(ReleaseError, match=r"models/breeds/.* names no model yet"):
        released(tmp_path / "gitops", "breeds")


def test_without_a_name_there_must_be_one_model_with_a_release(tmp_path, promote, breeds, in_git):
    made = promote("first")
    assert released(tmp_path / "gitops").name == "segmentation"
    promote("other", name="breeds")
    with pytest.raises(ConfigurationError, match="several models, name one of them: breeds, segmentation"):
        released(tmp_path / "gitops")
    in_git(tmp_path / "gitops", "revert", "--no-edit", "HEAD", made.commit)
    with pytest.raises(ConfigurationError, match="nothing is released of breeds, segmentation"):
        released(tmp_path / "gitops")
    with pytest.raises(ConfigurationError, match="serves no model 'cats'; there are: breeds, segmentation"):
        released(tmp_path / "gitops", "cats")


def test_a_name_without_a_folder_says_how_to_make_one(tmp_path, promote):
    with pytest.raises(
        ReleaseError,
        match=r"has no cluster-conf/models/breeds to serve breeds: copy "
        r"cluster-conf/models/segmentation, name it breeds inside, and commit it",
    ) as error:
        promote("first", name="breeds")
    assert "\n" not in str(error.value)
    with pytest.raises(ReleaseError, match=r"to serve \.\./\.\./x"):
        promote("first", name="../../x")


def test_a_folder_and_its_deployment_have_one_name(promote, breeds, source, commit_all):
    breeds.write_text(breeds.read_text().replace("name: breeds", "name: segmentation"))
    commit_all(source, "A copy")
    with pytest.raises(ReleaseError, match="names its SeldonDeployment 'segmentation', and the folder says"):
        promote("first", name="breeds")


def test_what_another_machine_released_stays_when_the_histories_come_together(
    tmp_path, promote, breeds, source, commit_all, in_git
):
    """One model is released here, the other there: the merge has both, and a newer one of ours wins."""
    remote = tmp_path / "remote.git"
    in_git(tmp_path, "clone", "-q", "--bare", str(source), str(remote))
    ours = promote("ours", source=str(remote))
    theirs = promote("theirs", source=str(remote), name="breeds", repository=tmp_path / "there", push=True)
    promote("again", source=str(remote), repository=tmp_path / "there", push=True)
    again = promote("ours", source=str(remote))
    assert (again.digest, again.is_new) == (ours.digest, False)
    assert released(tmp_path / "gitops", "breeds").digest == theirs.digest


def test_what_was_released_before_models_had_names_is_kept(tmp_path, promote, source, commit_all, in_git):
    """A clone with releases in the former place, and a source that has moved on to the new one."""
    former, text = source / FORMER, (source / MANIFEST).read_text()
    former.parent.mkdir(parents=True)
    former.write_text(text.replace("name: segmentation", "name: model"))
    (source / MANIFEST).unlink()
    commit_all(source, "As it was")
    clone = tmp_path / "gitops"
    in_git(tmp_path, "clone", "-q", str(source), str(clone))
    digest = "ab" * 32
    (clone / FORMER).write_text((clone / FORMER).read_text().replace('value: ""', f'value: "{digest}"', 1))
    at = commit_all(clone, "A release of a former version")

    served = released(clone)
    assert (served.name, served.digest, served.commit) == ("segmentation", digest, at)
    assert read_deployment(clone, "segmentation").parameters["model_digest"] == digest
    assert served_models(clone) == ["segmentation"]
    with pytest.raises(ReleaseError, match=r"has no cluster-conf/models/segmentation to serve segmentation"):
        promote("first")
    former.unlink()
    (source / MANIFEST).parent.mkdir(parents=True, exist_ok=True)
    (source / MANIFEST).write_text(text)
    commit_all(source, "Models have names")

    promote("first")
    assert f"Replaces: sha256:{digest}" in in_git(clone, "log", "-1", "--format=%B")
    in_git(clone, "revert", "--no-edit", "HEAD")
    assert released(clone).digest == digest


def test_a_gate_that_asks_for_the_served_model_is_not_passed_without_it(tmp_path, promote):
    asked = {"gate": Gate.model_validate({"served.difference.upper": {"minimum": 0}})}
    first = promote("first", figures=asked)
    assert "compared with no model" in released(tmp_path / "gitops").gate
    with pytest.raises(GateError) as refused:
        promote("second", figures=asked)
    assert "asks for served.difference.upper, and it was set beside none, not beside" in str(refused.value)
    assert str(refused.value).endswith(f"run it with -p champion={first.digest}")
    assert released(tmp_path / "gitops").digest == first.digest
    assert not promote("first", figures=asked).is_new
