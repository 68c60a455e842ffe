"""The clone of the releases: what may stand in its way, kills at any moment, two at a time."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pylib.errors import ReleaseError
from pylib.release.release import released
from pylib.serving.repository import manifest

MANIFEST = manifest("segmentation")


def _empty(source: Path, in_git) -> None:
    in_git(source.parent, "init", "-q", str(source.parent / "empty"))


SOURCES = {
    "nowhere": "does not exist",
    "plain": "plain is not a Git repository",
    "empty": "has no commit yet",
    "without": "has no cluster-conf/models/segmentation to serve segmentation: copy that of another",
}


@pytest.mark.parametrize(("name", "says"), SOURCES.items())
def test_a_source_that_cannot_be_released_in(tmp_path, promote, source, commit_all, in_git, name, says):
    other = tmp_path / name
    match name:
        case "plain":
            other.mkdir()
        case "empty":
            in_git(tmp_path, "init", "-q", str(other))
        case "without":
            in_git(tmp_path, "clone", "-q", str(source), str(other))
            (other / MANIFEST).unlink()
            commit_all(other, "Remove the manifest")
    with pytest.raises(ReleaseError, match=says) as error:
        promote("first", source=other)
    assert name in str(error.value) or name == "without"
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob(".gitops.partial"))


def test_a_malformed_manifest_leaves_the_clone_as_it_was(tmp_path, promote, source, commit_all, in_git):
    first = promote("first")
    (source / MANIFEST).write_text("kind: Nonsense\n")
    commit_all(source, "Break the manifest")
    with pytest.raises(ReleaseError, match="is not a SeldonDeployment"):
        promote("second")
    assert in_git(tmp_path / "gitops", "rev-parse", "HEAD") == first.commit
    assert in_git(tmp_path / "gitops", "status", "--porcelain") == ""


def test_a_folder_of_something_else_is_refused(tmp_path, promote):
    (tmp_path / "gitops").mkdir()
    (tmp_path / "gitops" / "thesis.txt").write_text("mine")
    with pytest.raises(ReleaseError, match="gitops is not a Git repository: name another folder"):
        promote("first")
    assert (tmp_path / "gitops" / "thesis.txt").read_text() == "mine"


def test_an_empty_folder_will_do(tmp_path, promote):
    (tmp_path / "gitops").mkdir()
    assert promote("first").is_new


def test_a_persons_work_in_the_clone_is_not_overwritten(tmp_path, promote, in_git):
    promote("first")
    readme = tmp_path / "gitops" / "README.md"
    readme.write_text("being edited\n")
    with pytest.raises(ReleaseError, match=r"uncommitted changes \(M README.md\)"):
        promote("second")
    assert readme.read_text() == "being edited\n"
    in_git(tmp_path / "gitops", "checkout", "-q", "README.md")
    in_git(tmp_path / "gitops", "checkout", "-q", "--detach")
    with pytest.raises(ReleaseError, match="is not on a branch"):
        promote("second")


def test_a_configured_author_is_kept(tmp_path, promote, in_git, monkeypatch):
    (Path(os.environ["HOME"]) / ".gitconfig").write_text("[user]\nname = Ann\nemail = ann@example.org\n")
    promote("first")
    assert in_git(tmp_path / "gitops", "log", "-1", "--format=%an <%ae>") == "Ann <ann@example.org>"


def test_another_users_repository_gives_the_command_that_trusts_it(promote, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # Git's own switch for this very case
    with pytest.raises(ReleaseError, match=r"`git config --global --add safe\.directory .*source") as error:
        promote("first")
    assert "\n" not in str(error.value)


def test_no_git_at_all(promote, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ReleaseError, match="git is not on the PATH"):
        promote("first")


RELEASE = """
import sys
from pathlib import Path
from pylib.release.release import release
from pylib.store.artifacts import ArtifactStore

model, artifacts, repository, source = sys.argv[1:]
print("ready", flush=True)
release(Path(model, "model"), Path(model, "evaluation"), name=None, artifacts=ArtifactStore(artifacts),
        repository=Path(repository), source=Path(source))
"""


@pytest.fixture
def start(tmp_path, source):
    """Start a release of a judged model in a process group of its own, and wait until it begins."""

    def run(name: str) -> subprocess.Popen[str]:
        places = [str(tmp_path / part) for part in (name, "artifacts", "gitops")]
        process = subprocess.Popen(
            [sys.executable, "-c", RELEASE, *places, str(source)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        return process

    return run


def test_killed_at_any_moment_the_clone_has_the_old_or_the_new_model(
    tmp_path, source, judged, promote, start, commit_all, in_git
):
    clone, known = tmp_path / "gitops", {promote("first").digest}
    moments = random.Random(0)
    for number in range(8):
        (source / "README.md").write_text(f"{number}\n")
        commit_all(source, f"Change {number}")  # so that there is a merge, too
        name = f"model_{number}"
        known.add(judged(name)[2])
        process = start(name)
        time.sleep(moments.uniform(0, 0.25))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

        assert released(clone).digest in known
        in_git(clone, "fsck", "--strict")
    last = promote("last")
    assert released(clone).digest == last.digest
    assert in_git(clone, "status", "--porcelain") == ""
    assert (clone / "README.md").read_text() == "7\n"
    in_git(clone, "revert", "HEAD", "--no-edit")
    assert released(clone).digest in known


def test_locks_that_a_killed_git_left_are_cleared(tmp_path, promote):
    promote("first")
    folder = tmp_path / "gitops" / ".git"
    for name in ("pylib-release", "index.lock", "HEAD.lock", "refs/heads/trunk.lock"):
        (folder / name).touch()
    assert promote("second").is_new
    assert not list(folder.rglob("*.lock"))


def test_releases_at_the_same_time_wait_for_each_other(tmp_path, judged, start, in_git):
    digests = {judged(f"model_{number}")[2] for number in range(3)}
    processes = [start(f"model_{number}") for number in range(3)]
    assert [process.communicate()[1] for process in processes] == ["", "", ""]
    assert released(tmp_path / "gitops").digest in digests
    assert in_git(tmp_path / "gitops", "rev-list", "--count", "HEAD") == "4"
