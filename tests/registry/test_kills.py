"""Promotions, rollbacks and gc that are killed, as real processes: reconcile mends what each leaves."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from pylib.registry.promotion import abandon, promote, rollback
from pylib.registry.reconcile import reconcile
from pylib.registry.versions import Versions, find
from pylib.release.git import Git
from pylib.release.history import ever_released
from pylib.release.release import released

NAME = "segmentation"

ACT = """
import os, signal, sys
from pathlib import Path
from pylib.registry import promotion
from pylib.registry.places import Places
from pylib.registry.removal import gc
from pylib.registry.versions import CHAMPION, Versions, find
from pylib.store.artifacts import ArtifactStore

artifacts, repository, source, tracking, act, what = sys.argv[1:]
places = Places(ArtifactStore(artifacts), Path(repository), source, False, tracking)
versions = places.versions()
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
version = find(versions.of("segmentation"), what)
if act.startswith("commit-then-die"):
    promotion.aliases_follow = die
if act == "alias-then-die":
    promotion._commit = lambda *_, **__: (versions.point("segmentation", CHAMPION, version), die())
print("ready", flush=True)
sys.stdin.readline()
if act.endswith("rollback"):
    promotion.rollback(None, places)
elif act == "abandon":
    promotion.abandon(None, places)
elif act == "promote-canary":
    promotion.promote(version, places, versions, standing=True)
elif act == "gc":
    gc(places, versions, keep=1, dry_run=False)
else:
    promotion.promote(version, places, versions)
"""


@pytest.fixture
def start(places):
    """Start an act in a process group of its own; it waits for a line before it begins."""

    def run(act: str, what: str) -> subprocess.Popen[str]:
        where = (places.artifacts.url, places.repository, places.source, places.tracking, act, what)
        process = subprocess.Popen(
            [sys.executable, "-c", ACT, *map(str, where)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    return run


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def refused(process: subprocess.Popen[str]) -> str:
    """What a process that ended in a ReleaseError said; empty where it did as it was told."""
    said = process.communicate()[1].splitlines()
    assert (process.returncode, bool(said)) in {(0, False), (1, True)}, said
    assert not said or said[-1].startswith("pylib.errors.ReleaseError: "), said
    return said[-1] if said else ""


@pytest.fixture
def agree(places, aliases):
    """Reconcile, then assert that all agree: what is served is what a commit names, and can be loaded."""

    def check() -> None:
        git = Git(places.repository)
        served = released(places.repository).digest
        assert served in ever_released(git, NAME)
        assert places.artifacts.has_model(served)
        reconcile(places, Versions.open(places.tracking))
        assert released(places.repository).digest == served
        assert aliases()["champion"] == served
        assert ever_released(git, NAME) <= set(places.artifacts.list_models())
        registered = Versions.open(places.tracking).of(NAME)
        assert sorted(each.digest for each in registered) == places.artifacts.list_models()
        assert not any(each.removed for each in registered)
        assert reconcile(places, Versions.open(places.tracking)) == []

    return check


@pytest.mark.slow
@pytest.mark.parametrize("act", ["commit-then-die", "commit-then-die-rollback", "alias-then-die"])
def test_killed_between_commit_and_alias_in_either_order(places, put, start, agree, aliases, act):
    first, second = put("first"), put("second")
    process = start(act, first[:8])
    go(process)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    at_odds = released(places.repository).digest != aliases()["champion"]
    assert at_odds
    assert released(places.repository).digest == (second if act == "alias-then-die" else first)
    agree()


@pytest.mark.slow
def test_killed_at_nine_moments(places, put, start, agree, registered):
    put("a")
    put("b")
    moments, seconds, killed = random.Random(11), {"promote": 0.0, "rollback": 0.0, "gc": 0.0}, 0
    for number in range(3 + 9):
        act = ("promote", "rollback", "gc")[number % 3]
        for poor in range(2 if act == "gc" else 0):
            put(f"poor_{number}_{poor}", iou=0.1)  # what gc has to remove
        served = released(places.repository).digest
        other = next(each for each in registered() if each.verdict == "passed" and each.digest != served)
        process = start(act, other.digest)
        begun = time.monotonic()
        go(process)
        if number < 3:  # how long each takes, undisturbed
            assert process.communicate()[1] == ""
            seconds[act] = time.monotonic() - begun
        else:
            time.sleep(moments.uniform(0, seconds[act]))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            killed += process.returncode == -signal.SIGKILL
        agree()
    assert killed > 0
    assert find(registered(), "champion").digest == released(places.repository).digest


@pytest.fixture
def canary(put, places, registered):
    """A canary to stand beside what is served, under 10 % of the requests."""

    def stand(what: str) -> None:
        promote(find(registered(), what), places, Versions.open(places.tracking), traffic=10)

    return stand


@pytest.mark.slow
def test_a_canary_is_promoted_or_abandoned_and_never_both(places, put, start, canary, agree, in_git):
    first, second = put("first"), put("second")
    rollback(NAME, places)
    canary(second)
    looked = start("promote-canary", second)  # it has seen the canary stand
    abandon(NAME, places)
    go(looked)
    assert f"{second[:12]} does not stand beside what segmentation serves any more" in refused(looked)
    assert released(places.repository).digest == first
    agree()
    for _ in range(2):
        canary(second)
        before = in_git(places.repository, "rev-list", "--count", "HEAD")
        both = [start(act, second) for act in ("promote-canary", "abandon")]
        for process in both:
            go(process)
        promotion, end = map(refused, both)
        assert bool(promotion) != bool(end)
        now = released(places.repository)
        assert (now.digest, now.canary) == (first if promotion else second, None)
        assert in_git(places.repository, "rev-list", "--count", "HEAD") == str(int(before) + 1)
        agree()
        if end:
            rollback(NAME, places)
