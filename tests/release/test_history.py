"""Since when what is served is served, as Git's history tells it."""

from pylib.release.git import Git
from pylib.release.history import canary_since, champion_since
from pylib.release.rollback import abandon
from tests.release.conftest import MANIFEST, NAME


def test_a_canary_that_comes_and_goes_does_not_change_since_when_the_champion_is(tmp_path, promote, source):
    first = promote("first")
    git = Git(tmp_path / "gitops")
    assert canary_since(git, NAME) is None
    canary = promote("second", traffic=10)
    promote("second", traffic=20)  # it goes on to stand, and gets more
    assert champion_since(git, NAME).commit == first.commit
    assert canary_since(git, NAME).commit == canary.commit
    shadow = promote("second", traffic=0)  # another thing: nobody sees its answers
    assert canary_since(git, NAME).commit == shadow.commit
    abandon(name=NAME, source=source, push=False, repository=tmp_path / "gitops")
    assert canary_since(git, NAME) is None
    again = promote("second", traffic=10)
    assert canary_since(git, NAME).commit == again.commit
    assert champion_since(git, NAME).commit == first.commit
    promoted = promote("second")
    assert champion_since(git, NAME).commit == promoted.commit


def test_a_commit_that_releases_nothing_is_none(tmp_path, promote, commit_all):
    first = promote("first")
    path = tmp_path / "gitops" / MANIFEST
    path.write_text(path.read_text().replace("ghcr.io/OWNER/serve", "ghcr.io/other/serve"))
    commit_all(tmp_path / "gitops", "Another image")
    assert champion_since(Git(tmp_path / "gitops"), NAME).commit == first.commit
