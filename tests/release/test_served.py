"""What releases, canaries, promotions, ends and reverts leave in files, in any order and with any texts."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pylib.errors import ReleaseError
from pylib.release.kustomization import with_served
from pylib.release.manifest import Manifest
from pylib.release.served import Canary, Served, Values
from pylib.serving.repository import kustomization, manifest
from tests.release.conftest import NAME

ROOT = Path(__file__).parents[2]
MANIFEST, KUSTOMIZATION = manifest(NAME), kustomization(NAME)
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)
values = st.builds(Values, texts, texts, texts, texts)


@settings(max_examples=15, deadline=None)
@given(values, values, st.integers(0, 50))
def test_any_texts_come_back_and_go_without_a_trace(champion, canary, traffic):
    path = ROOT / MANIFEST
    alone = Manifest(path.read_text(), path).with_values(champion)
    both = alone.with_served(Served(champion, Canary(canary, traffic)))
    assert both.served == Served(champion, Canary(canary, traffic))
    back = both.with_served(Served(champion))
    assert back.served == alone.served
    if any(champion.annotations.values()):
        assert back.text == alone.text


def test_a_kustomization_keeps_every_byte_but_its_line():
    text = (ROOT / KUSTOMIZATION).read_text()
    canary, shadow = (Served(Values("a"), Canary(Values("b"), traffic)) for traffic in (10, 0))
    for served in (canary, shadow):
        made = with_served(text, served)
        assert len(made.splitlines()) == len(text.splitlines()) + 1
        assert with_served(made, served) == made
        assert with_served(made, Served(Values("a"))) == text
    assert with_served(with_served(text, canary), shadow) == with_served(text, shadow)
    assert with_served("resources: [a.yaml]\n", canary) == "resources: [a.yaml]\n"


class Releases(RuleBasedStateMachine):
    """Any sequence of releases, canaries, promotions, ends and reverts leaves the right champion."""

    @initialize()
    def begin(self):
        path = ROOT / MANIFEST
        self.now, self.commits = Served(Values()), []
        self.manifest = Manifest(path.read_text(), path)
        self.kustomization = (ROOT / KUSTOMIZATION).read_text()

    def write(self, served: Served) -> None:
        self.commits.append((self.now, self.manifest, self.kustomization))
        self.now = served
        self.manifest = self.manifest.with_served(served)
        self.kustomization = with_served(self.kustomization, served)

    @rule(digest=st.sampled_from("abc"), traffic=st.sampled_from([None, 0, 1, 10, 50]))
    def release(self, digest, traffic):
        champion, beside = self.now.values.digest, self.now.canary and self.now.canary.values.digest
        wanted = Values(digest, f"data@{digest}", digest, f"passed: {digest}")
        refused = beside not in {None, digest} and not (traffic is None and digest == champion)
        refused |= traffic is not None and (not champion or digest == champion)
        if refused:
            with pytest.raises(ReleaseError):
                self.now.released(NAME, wanted, traffic)
        else:
            self.write(self.now.released(NAME, wanted, traffic))
            assert self.now.values.digest == (digest if traffic is None else champion)

    @precondition(lambda self: self.now.canary)
    @rule()
    def abandon(self):
        champion = self.now.values
        self.write(self.now.abandoned(NAME))
        assert self.now == Served(champion)

    @precondition(lambda self: self.commits)
    @rule()
    def revert(self):
        self.now, self.manifest, self.kustomization = self.commits.pop()

    @invariant()
    def valid(self):
        if not hasattr(self, "manifest"):
            return
        assert self.manifest.served == self.now
        beside = self.now.canary and ("shadow" if self.now.canary.is_shadow else "canary")
        components = [line for line in self.kustomization.splitlines() if "- ../../../components/" in line]
        assert [line.rpartition("/")[2] for line in components] == [
            "served-model",
            *([beside] if beside else []),
        ]


TestReleases = Releases.TestCase
TestReleases.settings = settings(
    max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
