"""A model that was set beside the champion: registered where it is no better, released where it is."""

import shutil

import pytest

from pylib.errors import ConfigurationError
from pylib.evaluation.champion import FILE, Comparison
from pylib.registry.folder import Registration, assemble
from pylib.registry.promotion import Kept, promote, release_if_better
from pylib.registry.reconcile import reconcile
from pylib.registry.versions import Versions, find
from pylib.release.release import Release, released

NAME = "segmentation"


@pytest.fixture
def challenge(tmp_path, trained, places):
    """A model that passes its gate and was set beside the champion of that digest."""

    def run(name: str, champion: str, *, better: bool) -> Release | Kept:
        model, evaluation, _ = trained(name)
        reason = "" if better else "it does not beat the champion"
        found = Comparison(champion=champion, score="mean_iou", items=40, better=better, reason=reason)
        (evaluation / FILE).write_bytes(found.dumps())
        shutil.rmtree(tmp_path / f"{name}.whole", ignore_errors=True)
        given = Registration(NAME, "sample@beef", "1" * 40)
        folder = assemble(model, evaluation, tmp_path / f"{name}.whole", given)
        return release_if_better(folder, given, places, evaluation=evaluation)

    return run


def test_no_better_it_is_a_candidate_that_a_person_may_promote(places, put, challenge, registered, aliases):
    first = put("first")
    kept = challenge("second", first, better=False)
    assert isinstance(kept, Kept)
    assert released(places.repository).digest == first
    assert aliases() == {"champion": first, "candidate": kept.digest}
    version = registered()[-1]
    assert (version.verdict, version.reason) == ("passed", "it does not beat the champion")
    assert reconcile(places, Versions.open(places.tracking)) == []
    promote(version, places, Versions.open(places.tracking))
    assert aliases() == {"champion": kept.digest}


def test_better_it_is_released(places, put, challenge, aliases):
    made = challenge("second", put("first"), better=True)
    assert isinstance(made, Release)
    assert released(places.repository).digest == made.digest
    assert aliases() == {"champion": made.digest}


def test_better_than_a_model_that_is_no_longer_served_is_not_enough(places, put, challenge, registered):
    first, second = put("first"), put("second")
    kept = challenge("third", first, better=True)
    assert isinstance(kept, Kept)
    assert released(places.repository).digest == second
    assert registered()[-1].reason.startswith(f"it was set beside the champion {first[:12]}, and by now")


def test_where_no_release_is_asked_for_it_is_a_candidate_that_may_be_a_canary(
    places, put, challenge, aliases, monkeypatch
):
    first = put("first")
    monkeypatch.setenv("PYLIB_RELEASE", "false")
    kept = challenge("second", first, better=True)
    assert isinstance(kept, Kept)
    assert "pylib models promote candidate" in kept.reason
    assert aliases() == {"champion": first, "candidate": kept.digest}
    version = find(Versions.open(places.tracking).of(NAME), "candidate")
    promote(version, places, Versions.open(places.tracking), traffic=10)
    assert released(places.repository).digest == first
    assert released(places.repository).canary.values.digest == kept.digest
    monkeypatch.setenv("PYLIB_RELEASE", "no")
    with pytest.raises(ConfigurationError, match="give true, or false"):
        challenge("third", first, better=True)
