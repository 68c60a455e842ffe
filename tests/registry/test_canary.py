"""A canary in the registry: its alias follows Git, and what else looks at the champion stays right."""

import shutil

import pytest

from pylib.errors import RegistryError, ReleaseError
from pylib.registry.promotion import Kept, abandon, promote, rollback
from pylib.registry.reconcile import reconcile
from pylib.registry.removal import gc
from pylib.registry.versions import Versions, find
from pylib.release.release import released
from tests.registry.test_champion import challenge

FIXTURES = (challenge,)
NAME = "segmentation"


@pytest.fixture
def versions(places):
    return Versions.open(places.tracking)


@pytest.fixture
def canary(places, put, versions, registered):
    """The first of two released models is back, and the second stands beside it; returns both digests."""

    def run(traffic: int = 10) -> tuple[str, str]:
        first, second = put("first"), put("second")
        rollback(NAME, places)
        promote(find(registered(), second), places, versions, traffic=traffic)
        return first, second

    return run


@pytest.mark.parametrize("traffic", [10, 0])
def test_the_alias_is_there_while_it_stands(places, canary, versions, registered, aliases, traffic):
    first, second = canary(traffic)
    assert aliases() == {"champion": first, "canary": second}
    assert places.served() == {NAME: first}
    assert reconcile(places, versions) == []
    with pytest.raises(ReleaseError, match="pylib models abandon"):
        rollback(NAME, places)
    made = promote(find(registered(), "canary"), places, versions)
    assert (made.digest, made.is_new) == (second, True)
    assert aliases() == {"champion": second}
    assert released(places.repository).canary is None
    assert rollback(NAME, places).digest == first
    assert reconcile(places, versions) == []


def test_abandoned_it_is_kept_and_no_candidate(places, canary, versions, registered, aliases):
    first, second = canary()
    assert abandon(None, places).digest == second
    assert aliases() == {"champion": first}
    with pytest.raises(RegistryError, match="is canary: no commit has one beside the champion"):
        find(registered(), "canary")
    assert gc(places, versions, keep=1, dry_run=False).versions == ()
    assert {each.digest for each in registered()} == {first, second}


def test_git_revert_of_a_canary_is_followed(places, canary, versions, aliases, in_git):
    first, second = canary()
    in_git(places.repository, "revert", "HEAD", "--no-edit")
    assert [str(each.what)[:13] for each in reconcile(places, versions)] == ["canary named "]
    assert aliases() == {"champion": first}
    in_git(places.repository, "revert", "HEAD", "--no-edit")
    reconcile(places, versions)
    assert aliases() == {"champion": first, "canary": second}


def test_a_registry_that_is_lost_comes_back_with_it(places, canary, aliases, registered, new_database):
    first, second = canary()
    shutil.copyfile(new_database, places.tracking.removeprefix("sqlite:///"))
    reconcile(places, Versions.open(places.tracking))
    assert aliases() == {"champion": first, "canary": second}
    assert {each.data_commit for each in registered()} == {"sample@c0ffee"}


def test_files_of_a_canary_that_are_gone_are_said(places, canary, versions):
    _, second = canary()
    places.artifacts.delete_model(second)
    (found,) = reconcile(places, versions)
    assert not found.mended
    assert second[:12] in found.what


def test_a_retrained_model_waits_for_the_canary(places, canary, challenge, aliases, registered):
    first, second = canary()
    kept = challenge("third", first, better=True)
    assert isinstance(kept, Kept)
    assert aliases() == {"champion": first, "canary": second, "candidate": kept.digest}
    assert registered()[-1].reason == (
        f"segmentation has a canary {second[:12]} (10 % of requests) by now: promote or abandon that, then "
        "promote this one"
    )
