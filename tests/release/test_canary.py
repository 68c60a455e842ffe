"""A canary or a shadow beside the released model: commits that bring it, promote it, take it away."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pylib.errors import ReleaseError
from pylib.release.git import Git
from pylib.release.kustomization import with_served
from pylib.release.manifest import Manifest
from pylib.release.models import read_served
from pylib.release.release import released
from pylib.release.rollback import abandon, roll_back
from pylib.release.served import Canary, Served, Values
from pylib.reproduction.named import _released_by
from pylib.serving.deployment import read_deployment
from pylib.serving.repository import SERVER, kustomization, manifest
from pylib.store.artifacts import ArtifactStore
from tests.release.conftest import NAME

ROOT = Path(__file__).parents[2]
MANIFEST, KUSTOMIZATION = manifest(NAME), kustomization(NAME)
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)
values = st.builds(Values, texts, texts, texts, texts)


@pytest.fixture
def installed(source, commit_all) -> Path:
    """The user's repository as this one is: the manifest, the kustomization beside it, the server."""
    for file in (MANIFEST, KUSTOMIZATION, SERVER):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_text((ROOT / file).read_text())
    commit_all(source, "As this repository")
    return source


@pytest.fixture
def clone(tmp_path, installed) -> Path:
    """Where releases are committed."""
    return tmp_path / "gitops"


@pytest.fixture
def end(tmp_path, source):
    """Abandon what stands."""

    def run(name: str | None = NAME):
        return abandon(name=name, repository=tmp_path / "gitops", source=source, push=False)[1]

    return run


def served(clone: Path) -> tuple[str, str, int]:
    """Champion, what stands beside it, and its traffic; as a server here reads it, too."""
    found = read_served(Git(clone), NAME)
    read = read_deployment(clone, NAME)
    assert read.parameters["model_digest"] == found.values.digest
    assert len(read.spec.predictors) == (2 if found.canary else 1)
    return found.models


def test_a_canary_is_one_commit_that_names_both(tmp_path, promote, clone, in_git):
    first, second = promote("first"), promote("second", traffic=10)
    assert second.is_new
    assert served(clone) == (first.digest, second.digest, 10)
    assert in_git(clone, "rev-parse", "HEAD^") == first.commit
    changed = in_git(clone, "show", "--name-only", "--format=", "HEAD").splitlines()
    assert sorted(changed) == sorted([MANIFEST.as_posix(), KUSTOMIZATION.as_posix()])
    message = in_git(clone, "log", "-1", "--format=%B").splitlines()
    subject = f"Release {NAME} {second.digest[:12]} to 10 % of requests, mean IoU 0.800 on sample"
    assert message[0] == subject
    trailers = in_git(clone, "log", "-1", "--format=%(trailers)").splitlines()
    assert trailers[:3] == [
        f"Canary: sha256:{second.digest}", "Traffic: 10 %", f"Beside: sha256:{first.digest}"
    ]  # fmt: skip
    told = released(clone)
    assert (told.digest, told.canary.values.digest, told.commit) == (
        first.digest,
        second.digest,
        second.commit,
    )
    assert told.canary.values.gate == "passed: mean_iou 0.8 (≥ 0.7)"
    assert second.digest in ArtifactStore(str(tmp_path / "artifacts")).list_models()
    assert not promote("second", traffic=10).is_new


def test_promoted_it_is_what_a_release_would_have_made(promote, clone, in_git):
    first, _ = promote("first"), promote("second", traffic=10)
    before = (clone / KUSTOMIZATION).read_text()
    made = promote("second")
    assert served(clone) == (made.digest, "", -1)
    assert before != (clone / KUSTOMIZATION).read_text() == (ROOT / KUSTOMIZATION).read_text()
    message = in_git(clone, "log", "-1", "--format=%B")
    assert message.startswith(f"Promote {NAME} {made.digest[:12]}, mean IoU 0.800 on sample")
    assert f"Replaces: sha256:{first.digest}" in message
    once = (clone / MANIFEST).read_text()
    in_git(clone, "reset", "-q", "--hard", first.commit)
    promote("second")
    assert (clone / MANIFEST).read_text() == once


@pytest.mark.parametrize("traffic", [10, 0])
def test_abandoned_there_is_nothing_left_of_it(promote, clone, end, in_git, traffic):
    first = promote("first")
    before = {file: (clone / file).read_bytes() for file in (MANIFEST, KUSTOMIZATION)}
    second = promote("second", traffic=traffic)
    made = end(None)
    assert made.digest == second.digest
    assert {file: (clone / file).read_bytes() for file in before} == before
    message = in_git(clone, "log", "-1", "--format=%B")
    assert message.startswith(
        f"Abandon the {'canary' if traffic else 'shadow'} of {NAME}, {second.digest[:12]}"
    )
    assert f"Serves: sha256:{first.digest}" in message
    with pytest.raises(ReleaseError, match="has no canary and no shadow"):
        end()


def test_git_revert_of_each_brings_back_what_was(promote, clone, end, in_git):
    promote("first")
    for step in (
        lambda: promote("second", traffic=0),
        lambda: promote("second", traffic=10),
        lambda: promote("second", traffic=50),
        lambda: promote("second"),
    ):
        before = in_git(clone, "rev-parse", "HEAD^{tree}")
        step()
        in_git(clone, "revert", "HEAD", "--no-edit")
        assert in_git(clone, "rev-parse", "HEAD^{tree}") == before
        step()
    promote("third", traffic=5)
    before = in_git(clone, "rev-parse", "HEAD^{tree}")
    end()
    in_git(clone, "revert", "HEAD", "--no-edit")
    assert in_git(clone, "rev-parse", "HEAD^{tree}") == before


def test_what_cannot_be_a_canary_is_refused_with_what_to_do(tmp_path, source, promote, clone, in_git):
    with pytest.raises(ReleaseError, match=r"has no released model that .* could stand beside"):
        promote("first", traffic=10)
    first = promote("first")
    for traffic, says in (
        (10, "is what segmentation serves already"),
        (51, "gets 1 to 50 %"),
        (-1, "1 to 50"),
    ):
        with pytest.raises(ReleaseError, match=says):
            promote("first", traffic=traffic)
    second = promote("second", traffic=10)
    told = (
        f"segmentation has a canary {second.digest[:12]} (10 % of requests): first `pylib models promote "
        "canary --name segmentation`, or `pylib models abandon segmentation`; then release"
    )
    for traffic in (None, 0, 10):
        with pytest.raises(ReleaseError, match=re.escape(told)):
            promote("third", traffic=traffic)
    where = {"artifacts": ArtifactStore(str(tmp_path / "artifacts")), "source": source}
    with pytest.raises(ReleaseError, match="`pylib models abandon segmentation` takes it away, then go back"):
        roll_back(name=NAME, repository=clone, push=False, **where)
    assert not promote("first").is_new
    assert served(clone) == (first.digest, second.digest, 10)
    assert in_git(clone, "status", "--porcelain") == ""


def test_after_a_promotion_a_rollback_serves_the_former_champion_alone(tmp_path, source, promote, clone):
    first, _, _ = promote("first"), promote("second", traffic=10), promote("second")
    where = {"artifacts": ArtifactStore(str(tmp_path / "artifacts")), "source": source}
    roll_back(name=NAME, repository=clone, push=False, **where)
    assert served(clone) == (first.digest, "", -1)


def test_a_commit_names_the_model_that_it_brought(promote, clone):
    made = [promote("first"), promote("second", traffic=10), promote("second", traffic=20), promote("second")]
    assert [_released_by(each.commit, [clone]) for each in made[:2]] == [made[0].digest, made[1].digest]
    assert _released_by(made[3].commit, [clone]) == made[3].digest


def test_what_the_source_brings_in_leaves_the_canary(promote, clone, installed, commit_all):
    first, second = promote("first"), promote("second", traffic=10)
    path = installed / KUSTOMIZATION
    path.write_text(path.read_text().replace("# The released", "# A released"))
    commit_all(installed, "A word")
    again = promote("second", traffic=25)
    assert again.is_new
    assert served(clone) == (first.digest, second.digest, 25)
    assert "# A released" in (clone / KUSTOMIZATION).read_text()
    assert "  - ../../../components/canary\n" in (clone / KUSTOMIZATION).read_text()


def test_a_manifest_with_its_own_server_gives_it_to_the_canary_too(tmp_path, promote):
    first, second = promote("first"), promote("second", traffic=10)
    read = read_deployment(tmp_path / "gitops", NAME)
    assert [each.componentSpecs[0].spec.containers[0].image for each in read.spec.predictors] == [
        "ghcr.io/OWNER/serve"
    ] * 2
    assert read_served(Git(tmp_path / "gitops"), NAME).models == (first.digest, second.digest, 10)


@pytest.mark.parametrize(
    ("first", "second", "champion"),
    [
        ("traffic: 90", "traffic: 10", 0),
        ("traffic: 40", "traffic: 60", 1),
        ("traffic: 50", "traffic: 50", 0),
        ("traffic: 0", "shadow: true", 0),
        ("shadow: true", "traffic: 100", 1),
        ("replicas: 1", "shadow: true", 0),
    ],
)
def test_the_champion_is_who_answers_most(first, second, champion):
    one = "{name: %s, %s, graph: {parameters: [{name: model_digest, value: %s}]}}"
    both = f"{one % ('default', first, 'a')}, {one % ('canary', second, 'b')}"
    text = f"kind: SeldonDeployment\nmetadata: {{name: m}}\nspec: {{predictors: [{both}]}}\n"
    found = Manifest(text, Path("m.yaml"))
    assert found.values.digest == "ab"[champion]
    assert found.served.canary.values.digest == "ab"[1 - champion]
    alone = found.with_served(found.served.abandoned("m"))
    assert alone.served == Served(found.values)


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
