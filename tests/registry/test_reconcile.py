"""Git, registry and artifact store made to agree, from every state that a crash or a person leaves."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pylib.errors import RegistryError, ReleaseError
from pylib.registry.folder import Registration
from pylib.registry.promotion import promote, rollback
from pylib.registry.reconcile import reconcile
from pylib.registry.register import EXPERIMENT, register
from pylib.registry.removal import gc
from pylib.registry.versions import CHAMPION, Versions
from pylib.release.release import released
from pylib.release.rollback import roll_back

NAME = "segmentation"


@pytest.fixture
def versions(places):
    return Versions.open(places.tracking)


@pytest.fixture
def mended(places, versions):
    """Reconcile until it finds nothing more, which it does at the second time; returns what it found."""

    def run(places=places) -> list[str]:
        found = reconcile(places, Versions.open(places.tracking))
        again = reconcile(places, Versions.open(places.tracking))
        assert not [each for each in again if each.mended]
        return [each.what for each in found]

    return run


def test_where_all_agree_nothing_is_done(places, put, mended):
    put("first")
    put("poor", iou=0.1)
    assert mended() == []


def test_a_commit_without_its_alias(places, put, mended, aliases):
    """As where the process was killed between the two: the commit is there, the alias is not."""
    first, _ = put("first"), put("second")
    roll_back(
        name=None, artifacts=places.artifacts, repository=places.repository, source=places.source, push=False
    )
    (what,) = mended()
    assert what.startswith("champion named segmentation 2 (")
    assert aliases() == {"champion": first}


def test_an_alias_without_its_commit(put, mended, versions, registered, aliases):
    """The other order: somebody moved the alias in MLflow, and no commit says so."""
    _, second = put("first"), put("second")
    versions.point(NAME, CHAMPION, registered()[0])
    assert len(mended()) == 1
    assert aliases() == {"champion": second}
    versions.point(NAME, CHAMPION, None)
    assert len(mended()) == 1
    assert aliases() == {"champion": second}


def test_git_revert_and_the_verb_end_in_the_same_state(places, put, mended, registered, in_git):
    put("first")
    put("second")
    in_git(places.repository, "revert", "--no-edit", "HEAD")
    mended()
    by_git = [(each.digest, each.aliases) for each in registered()]
    in_git(places.repository, "reset", "-q", "--hard", "HEAD^")
    mended()
    rollback(None, places)
    assert [(each.digest, each.aliases) for each in registered()] == by_git
    assert mended() == []


def test_what_was_released_while_the_tracker_was_down_is_registered_from_its_files(
    tmp_path, places, put, mended, registered, aliases
):
    (tmp_path / "way").write_text("in the way")
    down = replace(places, tracking=f"sqlite:///{tmp_path / 'way' / 'mlflow.db'}")
    first = put("first", places=down)
    poor = put("poor", places=down, iou=0.1)
    with pytest.raises(RegistryError, match=f"^MLflow at {down.tracking}: "):
        reconcile(down, Versions.open(down.tracking))
    assert len([what for what in mended() if "was not registered" in what]) == 2
    assert aliases() == {"champion": first} | ({"candidate": poor} if registered()[-1].digest == poor else {})
    facts = {each.digest: (each.verdict, each.data_commit, each.git_commit) for each in registered()}
    assert facts == {
        first: ("passed", "sample@c0ffee", "1" * 40),
        poor: ("rejected", "sample@c0ffee", "1" * 40),
    }


def test_a_registry_that_is_lost_comes_back(places, put, mended, registered, aliases, new_database):
    digests = {put("first"), put("second")}
    before = aliases()
    database = Path(places.tracking.removeprefix("sqlite:///"))
    database.write_bytes(new_database.read_bytes())
    mended()
    assert {each.digest for each in registered()} == digests
    assert aliases() == before


def test_two_processes_that_registered_one_model_leave_one(
    tmp_path, places, put, versions, registered, mended
):
    digest = put("first")
    (version,) = registered()
    facts = {"digest": digest, "verdict": "passed"}
    run = versions.client.create_run(
        versions.client.get_experiment_by_name(EXPERIMENT.format(NAME)).experiment_id
    )
    versions.client.set_terminated(run.info.run_id)
    versions.add(NAME, version.source, run.info.run_id, facts)
    assert len(registered()) == 2
    assert any("registered twice" in what for what in mended())
    assert [each.number for each in registered()] == [1]
    register(versions, tmp_path / "first.whole", digest, Registration(NAME), places.artifacts)
    assert len(registered()) == 1


def test_a_run_that_no_version_came_of_is_deleted(put, versions, mended):
    put("first")
    experiment = versions.client.get_experiment_by_name(EXPERIMENT.format(NAME)).experiment_id
    left = versions.client.create_run(experiment).info.run_id
    versions.client.set_terminated(left, "KILLED")
    running = versions.client.create_run(experiment, tags={"pylib.writer": "elsewhere:1"}).info.run_id
    assert [what for what in mended() if left in what]
    assert [run.info.run_id for run in versions.client.search_runs([experiment])].count(running) == 1


def test_files_that_are_gone_are_said_and_not_mended(places, put, versions, aliases):
    digest = put("first")
    places.artifacts.delete_model(digest)
    (lost,) = reconcile(places, versions)
    assert not lost.mended
    assert lost.what.startswith("the files of segmentation 1 (")
    assert aliases() == {"champion": digest}


def test_models_of_others_on_the_same_server_are_left_alone(put, versions, mended, places):
    versions.client.create_registered_model("theirs")
    versions.client.create_model_version("theirs", "s3://theirs/1")
    versions.client.set_registered_model_alias("theirs", "champion", "1")
    put("first")
    assert mended() == []
    assert versions.names() == [NAME]
    gc(places, versions, keep=1, dry_run=False)
    assert versions.client.get_registered_model("theirs").aliases == {"champion": 1}


@pytest.fixture
def remote(tmp_path, source, places, in_git):
    """The same places, with a bare remote that releases are pushed to."""
    there = tmp_path / "remote.git"
    in_git(tmp_path, "clone", "-q", "--bare", str(source), str(there))
    return replace(places, source=str(there), push=True)


def test_a_commit_that_was_not_pushed_is(remote, put, mended, in_git, aliases):
    first, second = put("first", places=remote), put("second", places=replace(remote, push=False))
    assert released(remote.repository).digest == second
    assert first in in_git(
        Path(remote.source), "show", "trunk:cluster-conf/models/segmentation/base/seldondeployment.yaml"
    )
    assert any("was not pushed" in what for what in mended(remote))
    assert in_git(Path(remote.source), "rev-parse", "trunk") == released(remote.repository).commit
    assert aliases() == {"champion": second}


def test_a_clone_that_is_behind_follows(tmp_path, remote, put, mended, aliases):
    first, _ = put("first", places=remote), put("second", places=remote)
    rollback(
        None, replace(remote, repository=tmp_path / "elsewhere", tracking=f"sqlite:///{tmp_path / 'o.db'}")
    )
    mended(remote)
    assert released(remote.repository).digest == first
    assert aliases() == {"champion": first}


def test_two_clones_that_both_released_are_not_made_one_by_guess(
    tmp_path, remote, put, versions, registered, in_git
):
    put("first", places=remote)
    put("second", places=replace(remote, push=False))
    third = put("third", places=replace(remote, repository=tmp_path / "elsewhere"))
    for act in (lambda: reconcile(remote, versions), lambda: rollback(None, remote)):
        with pytest.raises(
            ReleaseError, match=r"not pushed, and its source has .* `pylib models promote`"
        ) as error:
            act()
        assert "\n" not in str(error.value)
    promote(registered()[-1], remote, versions)
    assert released(remote.repository).digest == third
    assert in_git(Path(remote.source), "rev-parse", "trunk") == in_git(remote.repository, "rev-parse", "HEAD")
    assert reconcile(remote, versions) == []


def test_gc_keeps_the_newest_and_what_was_ever_released(places, put, versions, registered, mended):
    old, poor, first = put("old"), put("poor", iou=0.1), put("first")
    poor_2, newest = put("poor_2", iou=0.2), put("poor_3", iou=0.3)
    rollback(None, places)
    said = gc(places, versions, keep=1, dry_run=True)
    assert [each.digest for each in said.versions] == [poor, poor_2]
    assert said.size > 0
    assert len(registered()) == 5

    assert gc(places, versions, keep=1, dry_run=False) == said
    assert [each.digest for each in registered()] == [old, first, newest]
    assert places.artifacts.list_models() == sorted([old, first, newest])
    assert gc(places, versions, keep=1, dry_run=False).versions == ()
    assert mended() == []


def test_a_half_removed_model_is_removed_or_kept(places, put, versions, registered, mended):
    first, poor, _ = put("first"), put("poor", iou=0.1), put("poor_2", iou=0.2)
    for version in registered()[:2]:
        versions.write(version, {"removed": "yes"})
    with pytest.raises(RegistryError, match="is being removed by gc"):
        promote(registered()[1], places, versions)
    places.artifacts.delete_model(poor)
    assert len(mended()) == 2
    assert poor not in {each.digest for each in registered()}
    assert first in {each.digest for each in registered()}
    assert places.artifacts.has_model(first)


def test_gc_does_not_trust_a_history_that_is_cut(tmp_path, places, put, versions, source, commit_all, in_git):
    put("poor", iou=0.1)
    (source / "README.md").write_text("two\n")
    commit_all(source, "Second")
    shallow = tmp_path / "shallow"
    in_git(tmp_path, "clone", "-q", "--depth=1", source.as_uri(), str(shallow))
    cut = replace(places, source=shallow, repository=tmp_path / "cut")
    with pytest.raises(ReleaseError, match="has the newest commits alone"):
        gc(cut, versions, keep=1, dry_run=True)


def test_a_damaged_database_is_one_line(places):
    database = Path(places.tracking.removeprefix("sqlite:///"))
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE model_versions")
    with pytest.raises(RegistryError, match=r"^MLflow at sqlite:") as error:
        Versions.open(places.tracking).of(NAME)
    assert "\n" not in str(error.value)
